import { expect, test } from 'vitest';
import { lineAt, shownRows, wrappedRows } from '../../src/runView/rows';

test('only rows that can be seen are drawn, with some to spare', () => {
  const { first, last } = shownRows(100_000, 500, 20, 10_000);
  expect(first).toBeLessThanOrEqual(5000);
  expect(last).toBeGreaterThanOrEqual(5025);
  expect(last - first).toBeLessThan(60);
});

test('the ends of a list are its ends', () => {
  expect(shownRows(0, 100, 20, 3)).toEqual({ first: 0, last: 3 });
  expect(shownRows(5000, 100, 20, 3)).toEqual({ first: 0, last: 3 });
  expect(shownRows(0, 100, 20, 0)).toEqual({ first: 0, last: 0 });
});

test('wrapped lines take as many rows as they need', () => {
  const lines = [
    '',
    'x'.repeat(10),
    'x'.repeat(11),
    '\u001b[31m' + 'x'.repeat(10) + '\u001b[0m',
    '漢'.repeat(6),
    'a\tb'
  ];
  expect([...wrappedRows(lines, 10)]).toEqual([0, 1, 2, 4, 5, 7, 8]);
});

test('a line that is not wrapped is one row', () => {
  expect([...wrappedRows(['x'.repeat(1000), ''], Infinity)]).toEqual([0, 1, 2]);
});

test('the line at a row is the one that covers it', () => {
  const tops = wrappedRows(['x'.repeat(30), 'y', 'z'.repeat(15)], 10);
  expect([0, 2, 3, 4, 5, 99].map(row => lineAt(tops, row))).toEqual([0, 0, 1, 2, 2, 2]);
  expect(lineAt(wrappedRows([], 10), 0)).toBe(0);
});
