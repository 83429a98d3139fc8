import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../../src/api/client';
import { EventStream } from '../../src/api/stream';
import { isOver, RunModel } from '../../src/model/runModel';
import { runOf, taskOf } from '../fakes/runs';
import { Answer, FakeServer, WORDS } from '../fakes/server';

const REF = { run: 'one', folder: '' };
const GRAPH = { name: 'work', steps: [], edges: [] };

let server: FakeServer;
let stream: EventStream;
let model: RunModel;
let changes: number;
let run: () => Answer | Promise<Answer>;

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  run = () => ({ json: runOf('running', [taskOf('a', 'a', 'pending')]) });
  server.answer = what => (what.includes('/graph') ? { json: GRAPH } : run());
  stream = new EventStream(server.settings);
  model = new RunModel(REF, new Client(server.settings, WORDS), stream);
  changes = 0;
  model.changed.connect(() => (changes += 1));
  server.socket.open();
});

afterEach(() => {
  model.dispose();
  stream.dispose();
  vi.useRealTimers();
});

const settled = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(0));
const loads = (): number => server.asked.filter(item => item.what === 'GET runs/one').length;

let heard = 0;
function hear(...events: object[]): void {
  server.socket.hear({ run: 'one', events: events.map(item => ({ at: 5, ...item })), offsets: { a: ++heard } });
}

describe('a run', () => {
  it('is loaded with its graph', async () => {
    expect([model.run, model.graph, model.isOver]).toEqual([null, null, false]);
    await settled();
    expect(model.run?.state).toBe('running');
    expect(model.graph).toEqual(GRAPH);
    expect(model.tasksOf('a')).toHaveLength(1);
    expect(model.tasksOf('b')).toEqual([]);
    expect(changes).toBe(1);
  });

  it('shows what events say at once, and is loaded anew shortly after, once for all of them', async () => {
    await settled();
    hear({ type: 'task.started', task: 'a' });
    expect(model.tasksOf('a')[0].state).toBe('running');
    hear({ type: 'task.finished', task: 'a', state: 'failed' });
    expect(model.tasksOf('a')[0].state).toBe('failed');
    expect(loads()).toBe(1);
    run = () => ({ json: runOf('failed') });
    await vi.advanceTimersByTimeAsync(250);
    expect(loads()).toBe(2);
    expect(model.isOver).toBe(true);
  });

  it('is loaded once more for what happened during a load', async () => {
    await settled();
    const answers: ((answer: Answer) => void)[] = [];
    run = () => new Promise<Answer>(resolve => answers.push(resolve));
    hear({ type: 'task.started', task: 'a' });
    await vi.advanceTimersByTimeAsync(250);
    hear({ type: 'run.finished' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(answers).toHaveLength(1);
    answers[0]({ json: runOf('running') });
    await vi.advanceTimersByTimeAsync(250);
    answers[1]({ json: runOf('succeeded') });
    await settled();
    expect(model.run?.state).toBe('succeeded');
  });

  it('never shows an older answer after a newer one', async () => {
    await settled();
    const answers: ((answer: Answer) => void)[] = [];
    run = () => new Promise<Answer>(resolve => answers.push(resolve));
    void model.refresh();
    void model.refresh();
    await settled();
    answers[1]({ json: runOf('succeeded') });
    await settled();
    answers[0]({ json: runOf('running') });
    await settled();
    expect(model.run?.state).toBe('succeeded');
  });

  it('collects the points of its metrics without a load', async () => {
    await settled();
    hear({ type: 'metric', name: 'loss', value: 0.5, step: 1, task: 'a' });
    hear({ type: 'metric', name: 'loss', value: 'NaN' }, { type: 'cell.started' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(model.metrics.get('loss')).toEqual([
      { at: 5, value: 0.5, step: 1, task: 'a' },
      { at: 5, value: null, step: null, task: '' }
    ]);
    expect(loads()).toBe(1);
  });

  it('passes over events that it cannot read, and those of other runs', async () => {
    await settled();
    hear({ type: 'task.started', task: 'unknown' }, { type: 'from.the.future' }, {});
    stream.follow({ run: 'two', folder: '' });
    server.socket.hear({ run: 'two', events: [{ type: 'metric', name: 'x' }], offsets: {} });
    expect(model.tasksOf('a')[0].state).toBe('pending');
    expect(model.metrics.size).toBe(0);
  });
});

describe('a run that is lost', () => {
  it('says why it could not be loaded, and keeps what was known', async () => {
    await settled();
    run = () => {
      throw new TypeError('Failed to fetch');
    };
    await model.refresh();
    expect(model.failure?.code).toBe('unreachable');
    expect(model.run?.state).toBe('running');
    expect(model.deleted).toBe(false);
  });

  it('is loaded again when the connection is back', async () => {
    run = () => {
      throw new TypeError('Failed to fetch');
    };
    await model.refresh();
    server.socket.close();
    run = () => ({ json: runOf('succeeded') });
    await vi.advanceTimersByTimeAsync(1000);
    expect(model.failure?.code).toBe('unreachable');
    server.socket.open();
    await vi.advanceTimersByTimeAsync(250);
    expect(model.failure).toBeNull();
    expect(model.isOver).toBe(true);
  });

  it('is deleted when the stream says so, and not asked for any more', async () => {
    await settled();
    server.socket.hear({ run: 'one', deleted: true });
    await vi.advanceTimersByTimeAsync(1000);
    expect(model.deleted).toBe(true);
    expect(model.run).not.toBeNull();
    expect(loads()).toBe(1);
  });

  it('is deleted when the server does not know it any more', async () => {
    await settled();
    run = () => ({ status: 404, json: { code: 'not_found', message: 'There is no run.', hint: 'List them.' } });
    await model.refresh();
    expect(model.deleted).toBe(true);
  });

  it('is not deleted only because the server lost its MLOps part', async () => {
    await settled();
    run = () => ({ status: 404, text: '<html>' });
    await model.refresh();
    expect([model.failure?.code, model.deleted]).toEqual(['missing', false]);
  });
});

describe('a disposed model', () => {
  it('changes no more, whatever still comes', async () => {
    hear({ type: 'run.finished' });
    model.dispose();
    model.dispose();
    const before = changes;
    await vi.advanceTimersByTimeAsync(1000);
    expect([changes, loads(), model.run]).toEqual([before, 1, null]);
    expect(server.socket.readyState).toBe(3);
  });
});

describe('isOver', () => {
  it('knows the states that are the last ones', () => {
    const states = ['pending', 'running', 'succeeded', 'failed', 'canceled', 'odd'];
    expect(states.filter(isOver)).toEqual(['succeeded', 'failed', 'canceled']);
  });
});
