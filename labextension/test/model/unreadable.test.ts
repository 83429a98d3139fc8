import { Contents, ServerConnection } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../../src/api/client';
import { EventStream } from '../../src/api/stream';
import { PipelineModel } from '../../src/model/pipelineModel';
import { Runs } from '../../src/model/runs';
import { analysisOf, CONTENTS, FakePanel } from '../fakes/notebook';
import { FakeServer, WORDS } from '../fakes/server';

const NO_NOTEBOOK = new ServerConnection.ResponseError(new Response('', { status: 400 }), 'Unreadable Notebook');
let server: FakeServer;
let stream: EventStream;
let fake: FakePanel;
let model: PipelineModel;
/** Why the file cannot be read; null: it can. */
let fault: Error | null;
let load: () => void;

const passed = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));
const analysed = (): string[] => server.asked.map(item => item.what).filter(what => what === 'POST analysis');

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  server.answer = () => ({ json: analysisOf({ name: 'loaded' }) });
  stream = new EventStream(server.settings);
  const client = new Client(server.settings, WORDS);
  fake = new FakePanel();
  fake.context.ready = new Promise(resolve => (load = resolve));
  fault = null;
  const get = async (): Promise<Contents.IModel> => {
    if (fault) {
      throw fault;
    }
    return {} as Contents.IModel;
  };
  const contents = { ...CONTENTS, get } as Contents.IManager;
  model = new PipelineModel(fake.panel, { client, stream, runs: new Runs(client, stream), contents, memory: null });
});

afterEach(() => {
  model.dispose();
  stream.dispose();
  vi.useRealTimers();
});

describe('a file that is no notebook', () => {
  beforeEach(async () => {
    fault = NO_NOTEBOOK;
    await passed(2_000);
  });

  it('is told as such, and the empty notebook in its place is not analysed', async () => {
    expect([model.isUnreadable, model.isReady]).toEqual([true, false]);
    await model.refresh();
    expect([model.isUnreadable, analysed()]).toEqual([true, []]);
  });
});

it('a notebook that takes long to load is analysed when it is there', async () => {
  await passed(10_000);
  expect([model.isUnreadable, analysed().length]).toEqual([false, 0]);
  load();
  await passed(0);
  expect(model.analysis?.name).toBe('loaded');
});

it('of each cell it is known whether it has the text that was analysed', async () => {
  load();
  await passed(0);
  expect([model.isAsAnalysed('c0'), model.isAsAnalysed('c9')]).toEqual([true, false]);
  fake.shared.setMetadata('language_info', { name: 'python' });
  expect(model.isAsAnalysed('c0')).toBe(true);
  fake.shared.cells[0].setSource('x = 2');
  expect(model.isAsAnalysed('c0')).toBe(false);
  await passed(300);
  expect(model.isAsAnalysed('c0')).toBe(true);
});

it('a notebook whose server is away is not one that cannot be read', async () => {
  fault = new TypeError('Failed to fetch');
  await passed(2_000);
  expect(model.isUnreadable).toBe(false);
});
