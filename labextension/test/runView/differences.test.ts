import { expect, test } from 'vitest';
import { deltaText, differencesOf, diffLines } from '../../src/runView/differences';

test('what differs most comes first, what is the same last', () => {
  const found = differencesOf(
    { lr: 0.1, epochs: 10, model: 'rf', seed: 7, only: 1 },
    { lr: 0.2, epochs: 11, model: 'svm', seed: 7 }
  );
  expect(found.map(item => item.name)).toEqual(['lr', 'epochs', 'model', 'only', 'seed']);
  expect(found.map(item => item.same)).toEqual([false, false, false, false, true]);
});

test('numbers have a change with its sign and share', () => {
  const text = (first: number, second: number): string => deltaText(differencesOf({ x: first }, { x: second })[0]);
  expect(text(0.75, 0.9)).toBe('+0.15 (+20%)');
  expect(text(10, 5)).toBe('−5 (−50%)');
  expect(text(0, 5)).toBe('+5');
  expect(text(3, 3)).toBe('');
});

test('true is not 1, and a list is compared by what is in it', () => {
  const found = differencesOf({ a: true, b: [1, 2] }, { a: 1, b: [1, 2] });
  expect(found.map(item => [item.name, item.same, item.delta])).toEqual([
    ['a', false, null],
    ['b', true, null]
  ]);
});

test('a unified diff has lines with their numbers in both sources', () => {
  const lines = diffLines('--- first\n+++ second\n@@ -3,3 +3,3 @@\n x = 1\n-y = 2\n+y = 3\n+--z\n w');
  expect(lines.map(line => [line.kind, line.text, line.first, line.second])).toEqual([
    ['place', '@@ -3,3 +3,3 @@', null, null],
    ['same', 'x = 1', 3, 3],
    ['removed', 'y = 2', 4, null],
    ['added', 'y = 3', null, 4],
    ['added', '--z', null, 5],
    ['same', 'w', 5, 6]
  ]);
  expect(diffLines('')).toEqual([]);
});
