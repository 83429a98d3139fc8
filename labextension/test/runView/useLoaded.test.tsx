import { act, renderHook } from '@testing-library/react';
import { expect, test } from 'vitest';
import { Failure } from '../../src/api/failure';
import { Loaded, useLoaded } from '../../src/runView/useLoaded';

/** Answers that a test gives by hand, in the order in which they were asked for. */
class Answers {
  readonly waiting: { give: (value: string) => void; refuse: (failure: Failure) => void }[] = [];
  readonly load = (): Promise<string> =>
    new Promise((give, refuse) => void this.waiting.push({ give, refuse: refuse as (failure: Failure) => void }));
}

function shown(): {
  answers: Answers;
  result: { current: Loaded<string> };
  use: (key: string) => void;
  end: () => void;
} {
  const answers = new Answers();
  const { result, rerender, unmount } = renderHook(({ key }) => useLoaded(key, answers.load), {
    initialProps: { key: 'a' }
  });
  return { answers, result, use: key => rerender({ key }), end: unmount };
}

const settled = (work: () => void): Promise<void> => act(async () => work());

test('an answer that takes longer than it is until the next look is shown all the same', async () => {
  const { answers, result } = shown();
  result.current.again();
  result.current.again();
  expect(answers.waiting).toHaveLength(1);
  await settled(() => answers.waiting[0].give('first'));
  expect(result.current.value).toBe('first');
});

test('what changes while an answer is awaited is asked for after it, once', async () => {
  const { answers, result, use } = shown();
  use('b');
  use('c');
  expect(answers.waiting).toHaveLength(1);
  await settled(() => answers.waiting[0].give('old'));
  expect([result.current.value, answers.waiting.length]).toEqual(['old', 2]);
  await settled(() => answers.waiting[1].give('new'));
  expect([result.current.value, answers.waiting.length]).toEqual(['new', 2]);
});

test('a failure keeps the last value, and goes when it is tried again', async () => {
  const { answers, result } = shown();
  await settled(() => answers.waiting[0].give('first'));
  result.current.again();
  await settled(() => answers.waiting[1].refuse(new Failure('unreachable', 'No server.')));
  expect([result.current.value, result.current.failure?.message]).toEqual(['first', 'No server.']);
  result.current.again();
  await settled(() => answers.waiting[2].give('second'));
  expect([result.current.value, result.current.failure]).toEqual(['second', null]);
});

test('after the component is gone nothing is asked', async () => {
  const { answers, use, end } = shown();
  use('b');
  end();
  await settled(() => answers.waiting[0].give('late'));
  expect(answers.waiting).toHaveLength(1);
});
