import { describe, expect, it } from 'vitest';
import { needsAttention, progressOf } from '../../src/home/attention';
import { runNumber } from './fixtures';

const failed = (number: number, pipeline: string): ReturnType<typeof runNumber> =>
  runNumber(number, { pipeline, state: 'failed' });

describe('what needs attention', () => {
  it('is the newest failed run of each pipeline, newest first, with the number of those before', () => {
    const found = needsAttention([failed(5, 'a'), failed(9, 'b'), failed(7, 'a')], new Map(), 0);
    expect(found.map(({ run, earlier }) => [run.created, earlier])).toEqual([
      [9, 0],
      [7, 1]
    ]);
  });

  it('is not what has succeeded since', () => {
    expect(needsAttention([failed(5, 'a'), failed(6, 'a')], new Map([['a', 8]]), 0)).toEqual([]);
  });

  it('is what failed again after a success, without what was before that', () => {
    const [item] = needsAttention([failed(5, 'a'), failed(9, 'a')], new Map([['a', 7]]), 0);
    expect([item.run.created, item.earlier]).toEqual([9, 0]);
  });

  it('is not what is old, nor what did not fail', () => {
    const canceled = runNumber(9, { state: 'canceled' });
    expect(needsAttention([failed(5, 'a'), canceled], new Map(), 6)).toEqual([]);
  });
});

it('progress counts tasks that are over, however they ended', () => {
  const run = runNumber(1, { tasks: { pending: 2, running: 1, cached: 3, failed: 1, skipped: 1 } });
  expect(progressOf(run)).toEqual({ done: 5, total: 8 });
  expect(progressOf(runNumber(1, { tasks: {} }))).toEqual({ done: 0, total: 0 });
});
