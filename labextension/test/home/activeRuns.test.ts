import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ActiveRuns } from '../../src/home/activeRuns';
import { FailedRuns } from '../../src/home/failedRuns';
import { FakeServer, runNumber } from './fixtures';

const running = (number: number): ReturnType<typeof runNumber> => runNumber(number, { state: 'running' });
let server: FakeServer;

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer([]);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('active runs', () => {
  let active: ActiveRuns;

  beforeEach(async () => {
    server.runs = [running(7)];
    active = new ActiveRuns('', server.client, server.stream.asStream);
    await vi.advanceTimersByTimeAsync(10);
  });

  afterEach(() => active.dispose());

  it('are asked for by their states', () => {
    expect(server.asked[0].query).toBe("state in ('running', 'pending')");
    expect(active.runs).toEqual(server.runs);
  });

  it('follow the news: one ends, another begins', () => {
    server.stream.tell([running(8), runNumber(7)]);
    expect(active.runs.map(run => run.created)).toEqual([8]);
  });

  it('that are too old for the news are kept and asked for again', async () => {
    server.stream.tell([running(60)]);
    expect(active.runs.map(run => run.created)).toEqual([60, 7]);
    server.runs = [running(60)];
    await vi.advanceTimersByTimeAsync(1500);
    expect(active.runs.map(run => run.created)).toEqual([60]);
  });

  it('are what was heard last, also when an older answer comes after it', async () => {
    let answer = (): void => undefined;
    server.before = () => new Promise(done => (answer = done));
    const asking = active.refresh();
    await vi.advanceTimersByTimeAsync(1);
    server.stream.tell([running(8), runNumber(7)]);
    answer();
    await asking;
    expect(active.runs.map(run => run.created)).toEqual([8]);
  });

  it('stay as they are while the server does not answer', async () => {
    server.find = () => {
      throw new Error('gone');
    };
    await active.refresh();
    expect(active.runs.length).toBe(1);
  });
});

describe('failed runs that need attention', () => {
  const failed = runNumber(5, { pipeline: "it's", state: 'failed', created: Date.now() / 1000 });
  let runs: FailedRuns;

  beforeEach(async () => {
    server.find = ({ query = '' }) => (query.startsWith("state = 'failed'") ? [failed] : []);
    runs = new FailedRuns('', server.client, server.stream.asStream, () => 14);
    await vi.advanceTimersByTimeAsync(10);
  });

  afterEach(() => runs.dispose());

  it('are those whose pipeline has not succeeded since', async () => {
    expect(runs.found.map(item => item.run)).toEqual([failed]);
    expect(server.asked[1].query).toBe("state = 'succeeded' and pipeline = 'it''s'");
    server.find = ({ query = '' }) =>
      query.startsWith("state = 'failed'") ? [failed] : [runNumber(9, { created: failed.created + 1 })];
    await runs.refresh();
    expect(runs.found).toEqual([]);
  });

  it('leave the list at once when they are deleted, and are asked for once for many', async () => {
    server.asked.length = 0;
    server.find = () => [];
    for (let number = 0; number < 20; number++) {
      runs.forget(number === 5 ? failed.run : `other ${number}`);
    }
    expect(runs.found).toEqual([]);
    await vi.advanceTimersByTimeAsync(4000);
    expect(server.asked).toHaveLength(1);
  });

  it('are those of the last question, whichever answer comes last', async () => {
    let answer = (): void => undefined;
    server.before = () => new Promise(done => (answer = done));
    const slow = runs.refresh();
    await vi.advanceTimersByTimeAsync(1);
    server.before = () => null;
    server.find = () => [];
    await runs.refresh();
    answer();
    await slow;
    expect(runs.found).toEqual([]);
  });

  it('are asked for again when a run ends, not while one runs', async () => {
    server.stream.tell([runNumber(1)]);
    await vi.advanceTimersByTimeAsync(4000);
    server.asked.length = 0;
    server.stream.tell([running(2), runNumber(1)]);
    await vi.advanceTimersByTimeAsync(4000);
    expect(server.asked).toEqual([]);
    server.stream.tell([runNumber(2, { state: 'failed' }), runNumber(1)]);
    await vi.advanceTimersByTimeAsync(4000);
    expect(server.asked.length).toBeGreaterThan(0);
  });
});
