import { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, Notification } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunState } from '../../src/api/shapes';
import { Pipelines } from '../../src/model/pipelines';
import { API_VERSION } from '../../src/model/server';
import { runCommandsPlugin } from '../../src/plugins/runCommands';
import { CommandIDs, IMLOps } from '../../src/tokens';
import { analysisOf, CONTENTS, FakePanel } from '../fakes/notebook';
import { mlopsOf } from '../fakes/mlops';
import { runOf } from '../fakes/runs';
import { Answer, FakeServer } from '../fakes/server';

const REF = { run: 'r1', folder: 'work.ipynb' };

let fake: FakePanel;
let server: FakeServer;
let mlops: IMLOps;
let commands: CommandRegistry;
let answers: { [what: string]: Answer };
let runState: RunState;

beforeEach(async () => {
  fake = new FakePanel();
  server = new FakeServer();
  runState = 'running';
  answers = {
    'GET health': { json: { api: API_VERSION, version: '1' } },
    'POST analysis': { json: analysisOf({ cells: [{ cell: 0, id: 'c0', role: 'step', step: 'train' }] }) },
    'POST runs': { status: 201, json: { run: 'r1' } }
  };
  server.answer = what => answers[what] ?? { json: runOf(runState) };
  mlops = made(fake.panel);
  commands = new CommandRegistry();
  await runCommandsPlugin.activate({ commands } as unknown as JupyterFrontEnd, mlops, null);
  const pipeline = mlops.pipelines?.current;
  await mlops.server.refresh();
  await vi.waitFor(() => expect(pipeline?.analysis).not.toBeNull());
});

afterEach(() => {
  Notification.dismiss();
  mlops.pipelines?.current?.dispose();
  mlops.stream.dispose();
});

function made(panel: NotebookPanel): IMLOps {
  const shared = mlopsOf(server);
  const tracker = { currentWidget: panel, currentChanged: new Signal({}) } as unknown as INotebookTracker;
  return { ...shared, pipelines: new Pipelines(tracker, { ...shared, contents: CONTENTS, memory: null }) };
}

function sent(verb: string): { what: string; body: unknown }[] {
  const found = server.asked.filter(item => item.what.startsWith(verb) && item.what !== 'POST analysis');
  return found.map(({ what, body }) => ({ what, body }));
}

function told(): string[] {
  return Notification.manager.notifications.map(item => item.message);
}

describe('a start', () => {
  it('runs the notebook as it is set, and follows the run', async () => {
    fake.sessionContext.kernelPreference.name = 'python3';
    mlops.pipelines?.current?.setNext({ target: 'kubernetes', cache: false });
    expect(await commands.execute(CommandIDs.runNotebook)).toBe('r1');
    const body = {
      path: 'work.ipynb',
      kernel: 'python3',
      params: {},
      target: 'kubernetes',
      context: '',
      namespace: '',
      cache: false
    };
    expect(sent('POST')).toEqual([{ what: 'POST runs', body }]);
    expect(mlops.pipelines?.current?.lastRun?.ref).toEqual(REF);
  });

  it('saves what is not saved, before', async () => {
    const order: string[] = [];
    fake.context.save = async () => void order.push('saved');
    server.answer = what => {
      order.push(what);
      return answers[what] ?? { json: {} };
    };
    await commands.execute(CommandIDs.runNotebook);
    fake.context.model.dirty = true;
    await commands.execute(CommandIDs.runNotebook);
    expect(order.filter(item => item === 'saved' || item === 'POST runs')).toEqual(['POST runs', 'saved', 'POST runs']);
  });

  it('never saves over a file that could not be read', async () => {
    mlops.pipelines?.current?.dispose();
    fake.context.ready = new Promise(() => undefined);
    fake.context.model.dirty = true;
    fake.context.save = vi.fn();
    expect(await commands.execute(CommandIDs.runNotebook)).toBeNull();
    expect(fake.context.save).not.toHaveBeenCalled();
    expect(told().at(-1)).toContain('The run did not start. The notebook has not been read.');
  });

  it('begins at a step, or does only one: that of the active cell unless it is named', async () => {
    await commands.execute(CommandIDs.runFrom, { step: 'clean' });
    fake.content.activeCell = { model: { id: 'c0' } };
    await commands.execute(CommandIDs.runOnly);
    const [first, second] = sent('POST').map(item => item.body);
    expect(first).toMatchObject({ from_step: 'clean' });
    expect(second).toMatchObject({ only: 'train' });
  });

  it('needs a step where it begins at one', () => {
    expect(commands.isEnabled(CommandIDs.runOnly)).toBe(false);
    fake.content.activeCell = { model: { id: 'c9' } };
    expect(commands.isEnabled(CommandIDs.runFrom)).toBe(false);
    fake.content.activeCell = { model: { id: 'c0' } };
    expect(commands.isEnabled(CommandIDs.runFrom)).toBe(true);
  });

  it('opens the view when asked to and there is one', async () => {
    const opened: unknown[] = [];
    await commands.execute(CommandIDs.runNotebook, { view: true });
    commands.addCommand(CommandIDs.openRun, { execute: args => void opened.push(args) });
    await commands.execute(CommandIDs.runNotebook, { view: true });
    await commands.execute(CommandIDs.runNotebook);
    expect(opened).toEqual([REF]);
  });

  it('that fails says why and how to go on', async () => {
    answers['POST runs'] = { status: 409, json: { code: 'conflict', message: 'It is full.', hint: 'Delete some.' } };
    expect(await commands.execute(CommandIDs.runNotebook)).toBeNull();
    expect(told()).toEqual(['The run did not start. It is full. Delete some.']);
    expect(mlops.pipelines?.current?.lastRun).toBeNull();
  });

  it('is off without a server that can do it', async () => {
    expect(commands.isEnabled(CommandIDs.runNotebook)).toBe(true);
    answers['GET health'] = { json: { api: API_VERSION + 1, version: '9' } };
    await mlops.server.refresh();
    expect(commands.isEnabled(CommandIDs.runNotebook)).toBe(false);
    answers['GET health'] = { status: 404, text: '' };
    await mlops.server.refresh();
    expect(commands.isEnabled(CommandIDs.runNotebook)).toBe(false);
  });
});

describe('the end of a run', () => {
  async function lastRunIs(state: RunState): Promise<void> {
    runState = state;
    mlops.pipelines?.current?.follow('r1');
    await vi.waitFor(() => expect(mlops.pipelines?.current?.lastRun?.run?.state).toBe(state));
  }

  it('is asked for while it runs; without one there is nothing to end', async () => {
    const verbs = [CommandIDs.cancelRun, CommandIDs.retryRun, CommandIDs.deleteRun];
    expect(verbs.map(id => commands.isEnabled(id))).toEqual([false, false, false]);
    await lastRunIs('running');
    expect(verbs.map(id => commands.isEnabled(id))).toEqual([true, false, true]);
    expect(await commands.execute(CommandIDs.cancelRun)).toBe(true);
    expect(sent('POST')[0].what).toBe('POST runs/r1/cancel?folder=work.ipynb');
  });

  it('can be gone on with once it failed, with the kernel that is named', async () => {
    await lastRunIs('failed');
    expect([CommandIDs.cancelRun, CommandIDs.retryRun].map(id => commands.isEnabled(id))).toEqual([false, true]);
    await commands.execute(CommandIDs.retryRun, { kernel: 'python3' });
    expect(sent('POST')[0].what).toBe('POST runs/r1/retry?folder=work.ipynb&kernel=python3');
  });

  it('of another run than the last is not judged by the last', async () => {
    await lastRunIs('succeeded');
    const other = { run: 'r0', folder: '' };
    expect(commands.isEnabled(CommandIDs.cancelRun, other)).toBe(true);
    expect(commands.isEnabled(CommandIDs.retryRun, other)).toBe(true);
    expect(commands.isEnabled(CommandIDs.retryRun, { ...other, state: 'running' })).toBe(false);
    expect(commands.isEnabled(CommandIDs.cancelRun, { ...other, state: 'failed' })).toBe(false);
  });

  it('that cannot be had is told', async () => {
    answers['POST runs/r1/cancel?folder=work.ipynb'] = {
      status: 409,
      json: { code: 'conflict', message: 'The run is over.', hint: 'There is nothing to cancel.' }
    };
    expect(await commands.execute(CommandIDs.cancelRun, REF)).toBe(false);
    expect(told()).toEqual(['The run is over. There is nothing to cancel.']);
  });
});

describe('to delete a run', () => {
  afterEach(() => Dialog.flush());

  async function answerDialog(accept: boolean): Promise<unknown> {
    const done = commands.execute(CommandIDs.deleteRun, REF);
    const label = accept ? '.jp-mod-warn' : '.jp-mod-reject';
    await vi.waitFor(() => expect(document.querySelector(`.jp-Dialog ${label}`)).not.toBeNull());
    document.querySelector<HTMLElement>(`.jp-Dialog ${label}`)?.click();
    return done;
  }

  it('asks before', async () => {
    answers['DELETE runs/r1?folder=work.ipynb'] = { status: 204 };
    expect(await answerDialog(true)).toBe(true);
    expect(sent('DELETE')).toHaveLength(1);
  });

  it('does nothing when that is refused', async () => {
    expect(await answerDialog(false)).toBe(false);
    expect(sent('DELETE')).toEqual([]);
  });
});

it('to look again asks the server, opens the stream and analyses', async () => {
  const before = server.asked.length;
  await commands.execute(CommandIDs.refresh);
  expect(server.asked.slice(before).map(item => item.what)).toEqual(['GET health', 'POST analysis']);
});
