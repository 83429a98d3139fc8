import { expect, test } from 'vitest';
import { ganttOf, ticksOf } from '../../src/runView/ganttGeometry';
import { taskOf } from './made';

const attempt = (number: number, started: number, finished: number | null, state = 'succeeded' as const) => ({
  attempt: number,
  state,
  started,
  finished,
  reason: ''
});

test('rows are in the order of their start; cached tasks were there at once, others that never ran come last', () => {
  const tasks = [
    taskOf('skipped', { state: 'skipped', attempt: 0 }),
    taskOf('late', { attempts: [attempt(1, 108, 110)] }),
    taskOf('early', { attempts: [attempt(1, 102, 104)] }),
    taskOf('cached', { state: 'cached', attempt: 0 })
  ];
  expect(ganttOf(tasks, 100, 200).rows.map(row => row.task.task)).toEqual(['cached', 'early', 'late', 'skipped']);
});

test('each attempt is a bar in its place', () => {
  const task = taskOf('train', { attempt: 2, attempts: [attempt(1, 100, 105), attempt(2, 107.5, 110)] });
  const [row] = ganttOf([task], 100, 999).rows;
  expect(row.bars.map(bar => [bar.attempt, bar.from, bar.to])).toEqual([
    [1, 0, 0.5],
    [2, 0.75, 1]
  ]);
});

test('a bar that goes on ends now, and the whole grows with it', () => {
  const tasks = [taskOf('train', { state: 'running', attempts: [attempt(1, 110, null)] })];
  const geometry = ganttOf(tasks, 100, 120);
  expect([geometry.span, geometry.rows[0].bars[0].to]).toEqual([20, 1]);
});

test('a clock that is behind gives no negative bars', () => {
  const tasks = [taskOf('train', { state: 'running', attempts: [attempt(1, 110, null)] })];
  const { rows, span } = ganttOf(tasks, 100, 50);
  expect([span, rows[0].bars[0].from, rows[0].bars[0].to]).toEqual([10, 1, 1]);
});

test('a task whose attempts are not told has one bar of its own times', () => {
  const [row] = ganttOf([taskOf('old', { started: 100, finished: 102 })], 100, 999).rows;
  expect(row.bars).toHaveLength(1);
});

test('where nothing ran there is no axis', () => {
  const geometry = ganttOf([taskOf('a', { state: 'cached', attempt: 0 })], 100, 200);
  expect([geometry.ticks, geometry.rows.length]).toEqual([[], 1]);
});

test.each([
  [6, [0, 1, 2, 3, 4, 5, 6]],
  [0.5, [0, 0.1, 0.2, 0.3, 0.4, 0.5]],
  [90, [0, 20, 40, 60, 80]],
  [600, [0, 120, 240, 360, 480, 600]],
  [7200, [0, 1800, 3600, 5400, 7200]]
])('the axis of %d seconds has round times', (span, seconds) => {
  expect(ticksOf(span).map(tick => Number(tick.seconds.toFixed(6)))).toEqual(seconds);
});
