import { expect, test } from 'vitest';
import { parseAnsi } from '../../src/runView/ansi';
import { findAll, markedSpans, matchFrom } from '../../src/runView/logSearch';

test('all places are found, whatever the case, and through colours', () => {
  const lines = ['Error: error', 'fine', '\u001b[31mErr\u001b[0mor'];
  expect(findAll(lines, 'ERROR')).toEqual([
    { line: 0, from: 0 },
    { line: 0, from: 7 },
    { line: 2, from: 0 }
  ]);
  expect(findAll(lines, '')).toEqual([]);
});

test('places do not overlap, and are not without end', () => {
  expect(findAll(['aaaa'], 'aa')).toHaveLength(2);
  expect(findAll(Array(20_000).fill('x'), 'x')).toHaveLength(10_000);
});

test('the way to the next match goes down, and to the last one up', () => {
  const matches = [2, 5, 9].map(line => ({ line, from: 0 }));
  expect(matchFrom(matches, 3, true)).toBe(1);
  expect(matchFrom(matches, 10, true)).toBe(-1);
  expect(matchFrom(matches, 5, false)).toBe(0);
  expect(matchFrom(matches, 2, false)).toBe(-1);
});

test('spans are cut where a match begins and ends, also across colours', () => {
  const { spans } = parseAnsi('a \u001b[31mneed\u001b[0mle b needle');
  const marked = markedSpans(spans, [2, 11], 6).map(({ text, index }) => [text, index]);
  expect(marked).toEqual([
    ['a ', null],
    ['need', 0],
    ['le', 0],
    [' b ', null],
    ['needle', 1]
  ]);
});
