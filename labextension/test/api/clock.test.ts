import { expect, test } from 'vitest';
import { elapsed, ServerClock } from '../../src/api/clock';

function clockAt(start: { steady: number; wall: number }): {
  clock: ServerClock;
  pass: (seconds: number) => void;
  jump: (seconds: number) => void;
} {
  const now = { ...start };
  return {
    clock: new ServerClock(
      () => now.steady,
      () => now.wall
    ),
    pass: seconds => {
      now.steady += seconds;
      now.wall += seconds;
    },
    jump: seconds => {
      now.wall += seconds;
    }
  };
}

const date = (seconds: number): string => new Date(seconds * 1000).toUTCString();

test('before the server answered, this machine has the time', () => {
  const { clock } = clockAt({ steady: 5, wall: 1000 });
  expect(clock.now()).toBe(1000);
});

test("the time is the server's, however wrong this machine is, and whatever jumps it makes", () => {
  const { clock, pass, jump } = clockAt({ steady: 5, wall: 1000 });
  clock.hear(date(5000));
  pass(10);
  jump(-3600);
  expect(clock.now()).toBe(5010);
});

test('whole seconds of a header do not make the clock tremble, a real difference sets it', () => {
  const { clock, pass } = clockAt({ steady: 0, wall: 0 });
  clock.hear(date(5000));
  pass(1.9);
  clock.hear(date(5001));
  expect(clock.now()).toBeCloseTo(5001.9);
  clock.hear(date(9000));
  expect(clock.now()).toBe(9000);
});

test('a header that is missing or no date changes nothing', () => {
  const { clock } = clockAt({ steady: 0, wall: 7 });
  clock.hear(null);
  clock.hear('yesterday');
  expect(clock.now()).toBe(7);
});

test('a duration is never negative', () => {
  expect(elapsed(100, null, 50)).toBe(0);
  expect(elapsed(100, 103, 999)).toBe(3);
  expect(elapsed(null, null, 50)).toBeNull();
});
