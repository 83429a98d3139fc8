import { act, render, screen } from '@testing-library/react';
import * as React from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServerClock } from '../../src/api/clock';
import { useNow, useServerNow } from '../../src/ui/now';

function Clock(props: { running?: boolean }): React.ReactElement {
  return <output>{useNow(1000, props.running)}</output>;
}

function shown(): number {
  return Number(screen.getByRole('status').textContent);
}

describe('now', () => {
  let hidden = false;

  beforeEach(() => {
    vi.useFakeTimers({ now: 5_000 });
    hidden = false;
    vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden);
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('is drawn anew every so often while something runs, and not after', () => {
    const { rerender } = render(<Clock />);
    expect(shown()).toBe(5);
    act(() => vi.advanceTimersByTime(2_500));
    expect(shown()).toBe(7);
    rerender(<Clock running={false} />);
    act(() => vi.advanceTimersByTime(5_000));
    expect(shown()).toBe(7);
    rerender(<Clock running />);
    expect(shown()).toBe(12.5);
  });

  it('is the time of the server where its answers are shown', () => {
    let steady = 0;
    const clock = new ServerClock(() => steady);
    clock.hear('Thu, 01 Jan 1970 01:00:00 GMT');
    const Server = (): React.ReactElement => <output>{useServerNow(clock, 1000)}</output>;
    const { rerender } = render(<Server />);
    expect(shown()).toBe(3600);
    steady = 0.5;
    rerender(<Server />);
    expect(shown()).toBe(3600);
    steady = 1;
    act(() => vi.advanceTimersByTime(1_000));
    expect(shown()).toBe(3601);
  });

  it('waits while the page is hidden, and is right at once when it is seen again', () => {
    render(<Clock />);
    hidden = true;
    act(() => vi.advanceTimersByTime(3_200));
    expect(shown()).toBe(5);
    hidden = false;
    act(() => void document.dispatchEvent(new Event('visibilitychange')));
    expect(shown()).toBe(8.2);
  });
});
