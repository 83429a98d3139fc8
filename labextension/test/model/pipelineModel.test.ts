import { YCodeCell } from '@jupyter/ydoc';
import { StateDB } from '@jupyterlab/statedb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../../src/api/client';
import { Analysis } from '../../src/api/shapes';
import { EventStream } from '../../src/api/stream';
import { Memory } from '../../src/model/memory';
import { PipelineModel } from '../../src/model/pipelineModel';
import { Runs } from '../../src/model/runs';
import { analysisOf, CONTENTS, FakePanel } from '../fakes/notebook';
import { listedRunOf, runOf } from '../fakes/runs';
import { Answer, FakeServer, WORDS } from '../fakes/server';
import { diagnostic } from '../samples/shapes';

let server: FakeServer;
let stream: EventStream;
let fake: FakePanel;
let model: PipelineModel;
let changes: number;
let answers: ((answer: Answer) => void)[];

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  answers = [];
  server.answer = what =>
    what === 'POST analysis' ? new Promise(resolve => answers.push(resolve)) : { json: runOf('running') };
  stream = new EventStream(server.settings);
  open(new FakePanel());
});

afterEach(() => {
  model.dispose();
  stream.dispose();
  vi.useRealTimers();
});

function open(panel: FakePanel, memory: Memory | null = null): void {
  const client = new Client(server.settings, WORDS);
  fake = panel;
  model = new PipelineModel(fake.panel, { client, stream, runs: new Runs(client, stream), contents: CONTENTS, memory });
  changes = 0;
  model.changed.connect(() => (changes += 1));
}

const settled = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(0));
const analysed = (): typeof server.asked => server.asked.filter(item => item.what === 'POST analysis');

async function answer(index: number, part: Partial<Analysis> = {}): Promise<void> {
  await settled();
  answers[index]({ json: analysisOf(part) });
  await settled();
}

function type(text: string): void {
  fake.shared.cells[0].setSource(text);
}

describe('analysis', () => {
  it('is asked for when the notebook is ready, without outputs', async () => {
    expect([model.analysis, model.pending]).toEqual([null, true]);
    await answer(0, { name: 'first' });
    expect(model.analysis?.name).toBe('first');
    expect([model.pending, changes]).toEqual([false, 1]);
    expect(analysed()[0].body).toMatchObject({
      path: 'work.ipynb',
      content: { cells: [{ id: 'c0', cell_type: 'code', source: 'x = 1', outputs: [] }], nbformat: 4 }
    });
  });

  it('is asked for again shortly after the last of many changes', async () => {
    await answer(0);
    for (const text of ['x = 2', 'x = 3', 'x = 4']) {
      type(text);
      await vi.advanceTimersByTimeAsync(200);
    }
    expect([analysed().length, model.pending]).toEqual([1, true]);
    await vi.advanceTimersByTimeAsync(50);
    expect(analysed()).toHaveLength(2);
    expect(analysed()[1].body).toMatchObject({ content: { cells: [{ source: 'x = 4' }] } });
  });

  it('is asked for again when cells come and go or metadata change, and not for outputs', async () => {
    await answer(0);
    const changed: [() => void, number][] = [
      [() => fake.shared.insertCell(1, { cell_type: 'code', id: 'c1', source: 'y = 1' }), 2],
      [() => fake.shared.cells[1].setSource('y = 2'), 3],
      [() => fake.shared.cells[0].setMetadata('jupyter_mlops', { step: 'a' }), 4],
      [() => fake.shared.setMetadata('jupyter_mlops', { pipeline: { name: 'a' } }), 5],
      [() => (fake.shared.cells[0] as YCodeCell).setOutputs([{ output_type: 'stream', name: 'stdout', text: 'a' }]), 5],
      [() => fake.shared.deleteCell(1), 6]
    ];
    for (const [change, asked] of changed) {
      change();
      await vi.advanceTimersByTimeAsync(250);
      expect(analysed()).toHaveLength(asked);
    }
  });

  it('stays while a newer one is awaited', async () => {
    await answer(0, { name: 'first' });
    type('x = 2');
    await vi.advanceTimersByTimeAsync(250);
    expect([model.analysis?.name, model.pending]).toEqual(['first', true]);
  });

  it('is never an older answer after a newer one', async () => {
    void model.refresh();
    await settled();
    await answer(1, { name: 'newer' });
    await answer(0, { name: 'older' });
    expect(model.analysis?.name).toBe('newer');
  });

  it('is never an older answer before a newer one either', async () => {
    await settled();
    void model.refresh();
    await answer(0, { name: 'older' });
    expect([model.analysis, model.pending, changes]).toEqual([null, true, 0]);
  });

  it('is awaited still when somebody typed during the request', async () => {
    await settled();
    type('x = 2');
    await answer(0);
    expect(model.pending).toBe(true);
    await vi.advanceTimersByTimeAsync(250);
    await answer(1);
    expect(model.pending).toBe(false);
  });

  it('gives up a request that a newer one replaces', async () => {
    await settled();
    void model.refresh();
    expect(analysed()[0].signal?.aborted).toBe(true);
  });

  it('that fails says why and keeps the last one', async () => {
    await answer(0, { name: 'first' });
    void model.refresh();
    await settled();
    answers[1]({ status: 400, json: { code: 'not_a_notebook', message: 'It is none.', hint: 'Repair it.' } });
    await settled();
    expect([model.failure?.message, model.analysis?.name, model.pending]).toEqual(['It is none.', 'first', false]);
    void model.refresh();
    await answer(2);
    expect(model.failure).toBeNull();
  });

  it('of another shape, as another version would answer, is a failure', async () => {
    await answer(0, { name: 'first' });
    void model.refresh();
    await settled();
    answers[1]({ json: { steps: [] } });
    await settled();
    expect([model.failure?.code, model.analysis?.name]).toEqual(['unexpected', 'first']);
  });

  it('that failed is asked for again when the connection is back', async () => {
    await settled();
    answers[0]({ status: 502, text: '' });
    await settled();
    server.socket.close();
    await vi.advanceTimersByTimeAsync(500);
    expect(analysed()).toHaveLength(1);
    server.socket.open();
    await settled();
    expect(analysed()).toHaveLength(2);
  });

  it('gives the place of a cell, and its diagnostics', async () => {
    const place = { cell: 3, id: 'c3', role: 'step' as const, step: 'train' };
    const found = diagnostic({ cell: 3 });
    expect(model.diagnosticsOf(place)).toEqual([]);
    await answer(0, {
      cells: [place],
      diagnostics: [found, { ...found, cell: null }, { ...found, notebook: 'inside.ipynb' }]
    });
    expect(model.placeOf('c3')).toEqual(place);
    expect(model.placeOf('gone')).toBeUndefined();
    expect(model.diagnosticsOf(place)).toEqual([found]);
  });
});

describe('parameters', () => {
  const parameter = { name: 'lr', type: 'float', default: 0.1, required: false };

  it('are set and go back to the default', async () => {
    model.setParam('lr', 0.5);
    model.setParam('__proto__', 1);
    expect(Object.entries(model.next.params)).toEqual([
      ['lr', 0.5],
      ['__proto__', 1]
    ]);
    model.setParam('lr', undefined);
    expect(Object.keys(model.next.params)).toEqual(['__proto__']);
    expect(changes).toBe(3);
  });

  it('that vanish from the notebook wait until they are there again', async () => {
    await answer(0, { parameters: [parameter, { ...parameter, name: 'depth' }] });
    model.setParam('lr', 0.5);
    model.setParam('depth', 3);
    void model.refresh();
    await answer(1, { parameters: [parameter] });
    expect(model.params).toEqual({ lr: 0.5 });
    void model.refresh();
    await answer(2, { parameters: [parameter, { ...parameter, name: 'depth' }] });
    expect(model.params).toEqual({ lr: 0.5, depth: 3 });
  });
});

describe('what was set for the next run', () => {
  const memory = new Memory(new StateDB());

  it('is there again after a reload of the page', async () => {
    open(new FakePanel(), memory);
    await settled();
    model.setNext({ target: 'kubernetes', cache: false });
    model.setParam('lr', 0.5);
    model.dispose();
    open(new FakePanel(), memory);
    await settled();
    expect(model.next).toEqual({ params: { lr: 0.5 }, target: 'kubernetes', context: '', namespace: '', cache: false });
  });

  it('is not replaced by what was remembered', async () => {
    open(new FakePanel(), memory);
    model.setNext({ target: 'local' });
    await settled();
    expect(model.next).toEqual({ params: {}, target: 'local', context: '', namespace: '', cache: true });
  });
});

it('is remembered as nothing when what was kept is damaged', async () => {
  const state = new StateDB();
  await state.save('jupyter-mlops:next-run:work.ipynb', { params: 3, target: null, cache: 'no' });
  expect(await new Memory(state).recall('work.ipynb')).toEqual({});
});

describe('runs', () => {
  beforeEach(() => server.socket.open());

  function hear(...runs: ReturnType<typeof listedRunOf>[]): void {
    server.socket.hear({ folder: 'work.ipynb', runs });
  }

  it('of the notebook are watched; the newest is followed', () => {
    expect(server.socket.said).toEqual([{ watch: 'work.ipynb' }]);
    hear(listedRunOf('r2'), listedRunOf('r9', 'other.ipynb'), listedRunOf('r1'));
    expect(model.recent.map(item => item.run)).toEqual(['r2', 'r1']);
    expect(model.lastRun?.ref).toEqual({ run: 'r2', folder: 'work.ipynb' });
    expect(server.socket.said).toContainEqual({ follow: 'r2', folder: 'work.ipynb', offsets: {} });
  });

  it('of other folders are not its', () => {
    server.socket.hear({ folder: 'other', runs: [listedRunOf('r1')] });
    expect([model.recent, changes]).toEqual([[], 0]);
  });

  it('that were just begun are followed without waiting, also while an older list comes', () => {
    model.follow('r3');
    hear(listedRunOf('r2'));
    expect(model.lastRun?.ref.run).toBe('r3');
    hear(listedRunOf('r3'), listedRunOf('r2'));
    expect(model.lastRun?.ref.run).toBe('r3');
  });

  it('that are newer take the place of older ones, which are followed no more', () => {
    model.follow('r1');
    const first = model.lastRun;
    hear(listedRunOf('r2'));
    expect(first?.isDisposed).toBe(true);
    expect(server.socket.said).toContainEqual({ unfollow: 'r1' });
  });

  it('that are deleted are shown no more', () => {
    hear(listedRunOf('r2'), listedRunOf('r1'));
    server.socket.hear({ run: 'r2', deleted: true });
    expect(model.lastRun).toBeNull();
    hear(listedRunOf('r1'));
    expect(model.lastRun?.ref.run).toBe('r1');
  });

  it('tell their changes here', async () => {
    model.follow('r1');
    await settled();
    const before = changes;
    server.socket.hear({ run: 'r1', events: [{ type: 'metric', at: 1, name: 'x', value: 1 }], offsets: {} });
    expect(changes).toBe(before + 1);
  });

  it('go where it was set, with the kernel of the notebook', () => {
    model.setNext({ target: 'kubernetes' });
    expect([model.next.target, changes, model.kernel]).toEqual(['kubernetes', 1, '']);
    fake.sessionContext.kernelPreference.name = 'preferred';
    expect(model.kernel).toBe('preferred');
    fake.sessionContext.session = { kernel: { name: 'python3' } };
    expect(model.kernel).toBe('python3');
  });
});

describe('another name', () => {
  it('is watched and analysed instead', async () => {
    server.socket.open();
    await answer(0);
    fake.rename('RTC:sub/other.ipynb');
    await settled();
    expect(model.path).toBe('sub/other.ipynb');
    expect(server.socket.said).toEqual([
      { watch: 'work.ipynb' },
      { watch: 'sub/other.ipynb' },
      { unwatch: 'work.ipynb' }
    ]);
    expect(analysed()[1].body).toMatchObject({ path: 'sub/other.ipynb' });
  });
});

describe('a closed notebook', () => {
  it('asks no more, changes no more, and takes no answer', async () => {
    await settled();
    model.follow('r1');
    type('x = 2');
    const before = changes;
    fake.disposed.emit();
    fake.disposed.emit();
    expect(model.isDisposed).toBe(true);
    expect(analysed()[0].signal?.aborted).toBe(true);
    await answer(0);
    await vi.advanceTimersByTimeAsync(1000);
    await model.refresh();
    expect([model.analysis, changes, analysed().length]).toEqual([null, before, 1]);
    expect(server.socket.readyState).toBe(3);
  });

  it('before it was ready asks nothing', async () => {
    await settled();
    const asked = analysed().length;
    const late = new FakePanel();
    let ready = (): void => undefined;
    late.context.ready = new Promise(resolve => (ready = resolve));
    open(late);
    model.dispose();
    ready();
    await settled();
    type('x = 2');
    await vi.advanceTimersByTimeAsync(1000);
    expect(analysed()).toHaveLength(asked);
  });
});
