import { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/api/failure';
import { Analysis } from '../../src/api/shapes';
import { PipelineModel } from '../../src/model/pipelineModel';
import { PanelView } from '../../src/panel/PanelView';
import { CommandIDs, IMLOps } from '../../src/tokens';
import { analysis, diagnostic, run, step, task } from '../samples/shapes';

const trans = nullTranslator.load('');

/** What the panel sees of the rest, to be set by a test. */
class World {
  server = { failure: null as Failure | null, isOther: false, health: null, refresh: vi.fn() };
  connected = true;
  now = 100;
  current: ReturnType<typeof pipeline> | null = null;
  executed: unknown[] = [];
  readonly commands = new CommandRegistry();
  readonly serverChanged = new Signal<object, void>({});
  readonly currentChanged = new Signal<object, void>({});

  constructor() {
    for (const id of Object.values(CommandIDs)) {
      this.commands.addCommand(id, { label: id, execute: args => void this.executed.push([id, args]) });
    }
  }

  show(): void {
    const stream = { connected: this.connected, connectedChanged: new Signal<object, boolean>({}), reconnect: vi.fn() };
    const pipelines = Object.defineProperty({ currentChanged: this.currentChanged }, 'current', {
      get: () => this.current
    });
    const server = Object.assign(this.server, { changed: this.serverChanged });
    const client = { clock: { now: () => this.now } };
    const known = { answer: null, failure: null, isAsking: false };
    const targets = { changed: new Signal<object, void>({}), of: () => known, contexts: known, forget: vi.fn() };
    const mlops = { client, server, stream, pipelines, targets, trans } as unknown as IMLOps;
    const app = { commands: this.commands } as unknown as JupyterFrontEnd;
    render(<PanelView app={app} mlops={mlops} onMenu={vi.fn()} />);
  }
}

function pipeline(found: Analysis | null, more: object = {}) {
  const changed = new Signal<object, void>({});
  const notebook = { activeCell: null, activeCellChanged: new Signal<object, void>({}), widgets: [], model: null };
  const made = {
    changed,
    panel: { id: 'n1', content: notebook },
    path: 'p.ipynb',
    analysis: found,
    failure: null as Failure | null,
    pending: false,
    params: {},
    next: { params: {}, target: '', context: '', namespace: '', cache: true },
    setParam: vi.fn(),
    setNext: vi.fn(),
    recent: [],
    lastRun: null,
    kernel: 'python3',
    placeOf: () => undefined,
    isAsAnalysed: () => true,
    refresh: vi.fn(),
    ...more
  };
  return made as typeof made & PipelineModel;
}

let world: World;
beforeEach(() => {
  world = new World();
});

describe('PanelView', () => {
  it('says how to begin when no notebook is open', () => {
    world.show();
    expect(screen.getByText(/Open a notebook/)).toBeTruthy();
  });

  it('says that the server part is missing, the way out, and asks it again', async () => {
    world.server.failure = new Failure('missing', 'The server has no MLOps part.', 'Install it.', 404);
    world.show();
    expect(screen.getByRole('alert').textContent).toContain('Install it.');
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(world.server.refresh).toHaveBeenCalledOnce();
  });

  it('says that the server part is of another version', () => {
    world.server.isOther = true;
    world.show();
    expect(screen.getByRole('alert').textContent).toContain('another version');
  });

  it('says that it reads the notebook until the first answer', () => {
    world.current = pipeline(null);
    world.show();
    expect(screen.getByRole('status').textContent).toContain('Reading');
  });

  it('says why a notebook could not be read', () => {
    world.current = pipeline(null, { failure: new Failure('not-a-notebook', 'This is no notebook.') });
    world.show();
    expect(screen.getByRole('alert').textContent).toContain('no notebook');
  });

  it('says that a file is no notebook, and opens it as text', async () => {
    const opened = vi.fn();
    world.commands.addCommand('docmanager:open', { execute: args => opened(args) });
    world.current = pipeline(null, { isUnreadable: true });
    world.show();
    expect(screen.getByRole('alert').textContent).toContain('cannot be read as a notebook');
    await userEvent.click(screen.getByRole('button', { name: 'Open as Text' }));
    expect(opened).toHaveBeenCalledWith({ path: 'p.ipynb', factory: 'Editor' });
  });

  it('says what to do in a notebook without steps', () => {
    world.current = pipeline(analysis([]));
    world.show();
    expect(screen.getByText(/no steps yet/)).toBeTruthy();
  });

  it('draws the steps and counts them', () => {
    world.current = pipeline(analysis([step('load'), step('train')]));
    world.show();
    expect(screen.getAllByTestId('mlops-node').map(node => node.dataset.step)).toEqual(['load', 'train']);
    expect(screen.getByTestId('mlops-summary').textContent).toBe('2 steps, from the headings');
  });

  it('keeps the last answer while the connection is lost, and says so', () => {
    world.connected = false;
    world.current = pipeline(analysis([step('load')]));
    world.show();
    expect(screen.getByRole('alert').textContent).toContain('connection');
    expect(screen.getAllByTestId('mlops-node')).toHaveLength(1);
  });

  it('makes no quick fix in a cell that was changed since it was looked at', async () => {
    const fixes = [{ title: 'Write total', edits: [{ cell: 'c2', line: 1, replace: 'total' }] }];
    world.current = pipeline(analysis([step('load')], { diagnostics: [diagnostic({ fixes })] }), {
      isAsAnalysed: () => false
    });
    const told = vi.spyOn(Notification, 'warning').mockReturnValue('');
    world.show();
    await userEvent.click(screen.getByTestId('mlops-fix'));
    expect(told.mock.calls[0][0]).toContain('was changed or deleted since');
    expect(world.current.refresh).toHaveBeenCalled();
    told.mockRestore();
  });

  it('goes to the line of a diagnostic', async () => {
    world.current = pipeline(analysis([step('load')], { diagnostics: [diagnostic({ cell: 4, line: 2 })] }));
    world.show();
    await userEvent.click(screen.getByTestId('mlops-go'));
    expect(world.executed).toEqual([[CommandIDs.goToCell, { index: 4, line: 2, cell: 'c2' }]]);
  });

  it('goes to the included notebook that a diagnostic is in', async () => {
    const inside = diagnostic({ cell: 1, cell_id: null, line: 2, notebook: 'parts/load.ipynb' });
    world.current = pipeline(analysis([step('load')], { diagnostics: [inside] }), { path: 'work/all.ipynb' });
    world.show();
    await userEvent.click(screen.getByTestId('mlops-go'));
    expect(world.executed).toEqual([[CommandIDs.goToCell, { index: 1, line: 2, path: 'work/parts/load.ipynb' }]]);
  });

  it('offers Stop instead of Run while a run goes on', () => {
    const ref = { run: 'r1', folder: 'p.ipynb' };
    const going = run([task('load', { state: 'running' })], { state: 'running', seconds: null });
    const lastRun = { ref, run: going, graph: null, tasksOf: () => going.tasks };
    world.current = pipeline(analysis([step('load')]), { lastRun });
    world.show();
    expect(screen.queryByTestId('mlops-run')).toBeNull();
    expect(screen.getByTestId('mlops-stop')).toBeTruthy();
    expect(screen.getByRole('progressbar')).toBeTruthy();
  });

  it('says why a run and its tasks wait, as long as they do', () => {
    const waiting = ['a', 'b', 'c', 'd'].map(name => task(name, { state: 'running', waiting: `no room for ${name}` }));
    const going = run(waiting, { state: 'running', reason: 'It waits in the cluster.', finished: null, seconds: null });
    const lastRun = { ref: { run: 'r1', folder: '' }, run: going, graph: null, tasksOf: () => going.tasks };
    world.current = pipeline(analysis([step('load')]), { lastRun });
    world.show();
    const lines = [...screen.getByTestId('mlops-waits').querySelectorAll('p')].map(line => line.textContent);
    expect(lines).toEqual([
      'It waits in the cluster.',
      ...['a', 'b', 'c'].map(name => `${name} waits: no room for ${name}`),
      '1 more task waits'
    ]);
  });

  it.each([
    [22, '12.0 s'],
    [3, '0 ms']
  ])('counts the seconds of a run by the server’s clock, also when that is at %d', (now, text) => {
    world.now = now;
    const going = run([task('load', { state: 'running' })], { state: 'running', finished: null, seconds: null });
    const lastRun = { ref: { run: 'r1', folder: '' }, run: going, graph: null, tasksOf: () => going.tasks };
    world.current = pipeline(analysis([step('load')]), { lastRun });
    world.show();
    expect(screen.getByTestId('mlops-last-run').textContent).toContain(text);
  });

  it('draws anew when the notebook’s pipeline changes', async () => {
    const model = pipeline(analysis([step('load')]));
    world.current = model;
    world.show();
    await act(async () => {
      model.analysis = analysis([step('load'), step('more')]) as never;
      model.changed.emit();
      await new Promise(done => requestAnimationFrame(done));
    });
    expect(screen.getAllByTestId('mlops-node')).toHaveLength(2);
  });
});
