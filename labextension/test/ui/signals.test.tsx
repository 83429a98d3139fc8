import { Signal } from '@lumino/signaling';
import { act, render } from '@testing-library/react';
import * as React from 'react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { useSignal } from '../../src/ui/signals';

const owner = {};
let drawn: number;

function View(props: { signal: Signal<object, void> | null }): React.ReactElement {
  drawn += 1;
  useSignal(props.signal);
  return <p />;
}

beforeEach(() => {
  drawn = 0;
  vi.useFakeTimers({ toFake: ['requestAnimationFrame', 'cancelAnimationFrame'] });
});
afterEach(() => vi.useRealTimers());

const frame = (): void => act(() => void vi.advanceTimersByTime(20));

it('many emissions within a frame draw once', () => {
  const signal = new Signal<object, void>(owner);
  render(<View signal={signal} />);
  const before = drawn;
  signal.emit();
  signal.emit();
  expect(drawn).toBe(before);
  frame();
  expect(drawn).toBe(before + 1);
  signal.emit();
  frame();
  expect(drawn).toBe(before + 2);
});

it('a change between the first drawing and the connection is drawn', () => {
  render(<View signal={new Signal<object, void>(owner)} />);
  expect(drawn).toBe(2);
});

it('another signal takes the place of the first', () => {
  const [first, second] = [new Signal<object, void>(owner), new Signal<object, void>(owner)];
  const { rerender } = render(<View signal={first} />);
  rerender(<View signal={second} />);
  const before = drawn;
  first.emit();
  frame();
  expect(drawn).toBe(before);
  second.emit();
  frame();
  expect(drawn).toBe(before + 1);
});

it('what is gone is not drawn', () => {
  const signal = new Signal<object, void>(owner);
  const { unmount } = render(<View signal={signal} />);
  signal.emit();
  unmount();
  const before = drawn;
  signal.emit();
  frame();
  expect(drawn).toBe(before);
});

it('without a signal there is nothing to hear', () => {
  render(<View signal={null} />);
  expect(drawn).toBe(1);
});
