import { expect, test } from 'vitest';
import { countsOf, latestMetrics, loopState, stepsDone, taskRows } from '../../src/runView/progress';
import { graphOf, taskOf } from './made';

const LOOP = [taskOf('load'), taskOf('train[0]'), taskOf('train[1]', { state: 'failed' })];

test('a loop is one step, done when all of its tasks are', () => {
  expect(stepsDone(graphOf(['load', 'train', 'report']), LOOP)).toEqual({ done: 1, total: 3 });
  expect(stepsDone(null, [])).toEqual({ done: 0, total: 0 });
});

test('counts begin with what is worth a look', () => {
  expect(Object.entries(countsOf(LOOP))).toEqual([
    ['failed', 1],
    ['succeeded', 2]
  ]);
});

test('the tasks of a loop are below one row, and only if it is open', () => {
  const names = (open: string[]): string[] =>
    taskRows(LOOP, new Set(open)).map(row => (row.kind === 'loop' ? `${row.step} of ${row.size}` : row.task.task));
  expect(names([])).toEqual(['load', 'train of 2']);
  expect(names(['train'])).toEqual(['load', 'train of 2', 'train[0]', 'train[1]']);
});

test('a loop is running while one of its tasks is, else as bad as the worst', () => {
  expect(loopState({ failed: 1, running: 2, succeeded: 3 })).toBe('running');
  expect(loopState({ failed: 1, succeeded: 3 })).toBe('failed');
  expect(loopState({})).toBe('pending');
});

test('a metric shows its newest point', () => {
  const points = new Map([
    [
      'loss',
      [
        { at: 1, value: 0.5, step: 0, task: 'train' },
        { at: 2, value: 0.2, step: 1, task: 'train' }
      ]
    ]
  ]);
  expect(latestMetrics({ loss: 0.5, acc: 0.9 }, points)).toEqual({ loss: 0.2, acc: 0.9 });
});
