import { expect, test } from 'vitest';
import { canLog, nearest, pathOf, scaleOf, seriesOf } from '../../src/runView/chartScale';

const point = (task: string, step: number | null, value: number | null, at = 0) => ({ task, step, value, at });

test('a metric has a line for each task, over steps', () => {
  const { series, across } = seriesOf([point('a', 1, 2), point('b', 0, 5), point('a', 0, 1)]);
  expect(across).toBe('step');
  expect(series.map(item => [item.name, item.points.map(({ x, y }) => [x, y])])).toEqual([
    [
      'a',
      [
        [0, 1],
        [1, 2]
      ]
    ],
    ['b', [[0, 5]]]
  ]);
});

test('without steps it is over the time since the first point', () => {
  const { series, across } = seriesOf([point('a', null, 1, 100), point('a', null, 2, 103)]);
  expect([across, series[0].points.map(item => item.x)]).toEqual(['time', [0, 3]]);
});

test('a step that was logged again counts as it was logged last; what is no number is left out', () => {
  const { series } = seriesOf([point('a', 0, 1), point('a', 0, 7), point('a', 1, null), point('a', 2, NaN)]);
  expect(series[0].points.map(item => item.y)).toEqual([7]);
});

test.each([
  [0, 1, [0, 0.5, 1]],
  [0.13, 0.42, [0.2, 0.3, 0.4]],
  [-3, 11, [0, 5, 10]],
  [0, 0.3, [0, 0.1, 0.2, 0.3]]
])('a scale from %d to %d has round ticks', (low, high, ticks) => {
  expect(scaleOf(low, high, 0, 100, { count: 3 }).ticks).toEqual(ticks);
});

test('a scale puts its ends at the ends', () => {
  const scale = scaleOf(10, 20, 100, 0);
  expect([scale.place(10), scale.place(15), scale.place(20)]).toEqual([100, 50, 0]);
});

test('steps have no halves', () => {
  expect(scaleOf(0, 4, 0, 100, { count: 8, whole: true }).ticks).toEqual([0, 1, 2, 3, 4]);
});

test('one value alone is in the middle', () => {
  expect(scaleOf(5, 5, 0, 100).place(5)).toBe(50);
  expect(scaleOf(0, 0, 0, 100).place(0)).toBe(50);
});

test('a logarithmic scale has powers of ten', () => {
  const scale = scaleOf(0.001, 100, 0, 100, { log: true });
  expect(scale.place(0.001)).toBe(0);
  expect(Math.round(scale.place(1))).toBe(60);
  expect(scale.ticks).toEqual([0.001, 0.01, 0.1, 1, 10, 100].filter((_, index) => index % 2 === 0));
});

test('zero and less have no logarithm', () => {
  expect(canLog(seriesOf([point('a', 0, 1), point('a', 1, 0)]).series)).toBe(false);
  expect(canLog(seriesOf([point('a', 0, 1)]).series)).toBe(true);
  expect(scaleOf(0, 10, 0, 100, { log: true }).log).toBe(false);
});

test('of many points the peaks stay', () => {
  const points = Array.from({ length: 100_000 }, (_, x) => ({ x, y: x === 54_321 ? 1000 : 0, at: 0 }));
  const path = pathOf(points, scaleOf(0, 100_000, 0, 300), scaleOf(0, 1000, 100, 0));
  expect(path.length).toBeLessThan(10_000);
  expect(path).toMatch(/L163\.0 0\.0/);
});

test('the nearest point is found', () => {
  const points = [0, 10, 20].map(x => ({ x, y: x, at: 0 }));
  expect([-5, 4, 6, 15.1, 99].map(x => nearest(points, x)?.x)).toEqual([0, 0, 10, 20, 20]);
  expect(nearest([], 1)).toBeUndefined();
});
