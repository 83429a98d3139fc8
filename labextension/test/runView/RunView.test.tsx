import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { expect, test, vi } from 'vitest';
import { Client } from '../../src/api/client';
import { ServerClock } from '../../src/api/clock';
import { Failure } from '../../src/api/failure';
import { Run } from '../../src/api/shapes';
import { EventStream, once, RunNews } from '../../src/api/stream';
import { RunModel } from '../../src/model/runModel';
import { RunView } from '../../src/runView/RunView';
import { Selection } from '../../src/runView/selection';
import { CommandIDs } from '../../src/tokens';
import { graphOf, runOf, taskOf } from './made';

const trans = nullTranslator.load('test');

/** A stream on which the test speaks. */
class Stream {
  runNews = new Signal<this, RunNews>(this);
  connectedChanged = new Signal<this, boolean>(this);
  connected = true;
  reconnect = vi.fn();
  follow = () => once(() => undefined);
}

interface Shown {
  run: Run;
  selection: Selection;
  stream: Stream;
  client: { run: ReturnType<typeof vi.fn> };
  commands: CommandRegistry;
  onClose: ReturnType<typeof vi.fn>;
}

function show(run: Run, answers: Partial<{ [route in keyof Client]: unknown }> = {}): Shown {
  const stream = new Stream();
  const client = {
    clock: new ServerClock(),
    run: vi.fn(async () => run),
    graph: async () => graphOf([...new Set(run.tasks.map(task => task.step))]),
    log: async () => ({ task: '', text: 'one\ntwo\nthree\n', start: 0, end: 14, size: 14 }),
    notebook: async () => ({ cells: [] }),
    artifacts: async () => [],
    runs: async () => ({ runs: [], more: false, total: 0 }),
    ...answers
  };
  const commands = new CommandRegistry();
  const ref = { run: run.run, folder: '' };
  const model = new RunModel(ref, client as unknown as Client, stream as unknown as EventStream);
  const selection = new Selection();
  const onClose = vi.fn();
  const services = { ref, client: client as unknown as Client, commands, rendermime: null, trans };
  render(<RunView {...{ services, model, selection, onClose }} stream={stream as unknown as EventStream} />);
  return { run, selection, stream, client: client as unknown as Shown['client'], commands, onClose };
}

const FAILED = taskOf('train', {
  state: 'failed',
  reason: "KeyError: 'weight'",
  error: {
    kind: 'KeyError',
    message: "'weight' <b>bold</b>",
    hint: 'Is the column there?',
    cell: 4,
    line: 2,
    cell_id: 'abc',
    notebook: '',
    traceback: ['\u001b[31mTraceback\u001b[0m', 'KeyError']
  }
});

test('the head says how far the run is, with what, and what it measured', async () => {
  show(
    runOf([taskOf('load'), taskOf('train', { state: 'pending', attempt: 0 })], {
      params: { lr: 0.1 },
      metrics: { acc: 0.98123 }
    })
  );
  expect(await screen.findByText('1 of 2 steps')).toBeTruthy();
  expect(screen.getByText('0.9812')).toBeTruthy();
  expect(screen.getByText('cellar')).toBeTruthy();
  expect(screen.getByRole('img', { name: '1 succeeded, 1 pending' })).toBeTruthy();
});

test('a run and a task that wait say why', async () => {
  const waiting = 'No node has 64 GiB of memory free. Ask for less memory.';
  const train = taskOf('train', { state: 'running', attempt: 1, waiting });
  const { selection } = show(runOf([taskOf('load'), train], { state: 'running', reason: 'It waits in the cluster.' }));
  expect(await screen.findByText('It waits in the cluster.')).toBeTruthy();
  await userEvent.click(screen.getByRole('tab', { name: /Tasks/ }));
  expect(screen.getByTitle(`waits: ${waiting}`).textContent).toContain(waiting);
  act(() => void (selection.task = 'train'));
  const details = await screen.findByTestId('mlops-task');
  expect(within(details).getByText(`waits: ${waiting}`)).toBeTruthy();
});

test('what did not come home of a run that is over is said', async () => {
  const incomplete = 'Its logs did not come home: the claim is gone.';
  show(runOf([taskOf('load')], { target: 'kubernetes', incomplete }));
  expect(await screen.findByText(incomplete)).toBeTruthy();
});

test('what is still to come of a run that goes on is not missed', async () => {
  show(runOf([taskOf('load')], { target: 'kubernetes', state: 'running', incomplete: 'Not all came home yet.' }));
  expect(await screen.findByText('1 of 1 steps')).toBeTruthy();
  expect(screen.queryByText('Not all came home yet.')).toBeNull();
});

test('a failure comes first: what, where, the line, and the ways out', async () => {
  const source = 'x = 1\ny = df["weight"]';
  const { commands } = show(runOf([FAILED], { state: 'failed' }), {
    notebook: async () => ({ cells: [{ id: 'abc', cell_type: 'code', source, outputs: [] }] })
  });
  const went = vi.fn();
  commands.addCommand(CommandIDs.goToCell, { label: 'Go', execute: args => void went(args) });
  commands.addCommand(CommandIDs.retryRun, { label: 'Retry', execute: () => undefined });
  const failure = await screen.findByTestId('mlops-task-failure');
  expect(failure.textContent).toContain("KeyError: 'weight' <b>bold</b>");
  expect(failure.textContent).toContain('Line 2 of this cell, in task train of wine.ipynb');
  expect(failure.textContent).toContain('Is the column there?');
  await waitFor(() => expect(failure.querySelector('.jp-mlops-mod-marked')?.textContent).toContain('y = df["weight"]'));
  expect(failure.querySelector('b')).toBeNull();
  await userEvent.click(within(failure).getByRole('button', { name: 'Go to cell' }));
  expect(went).toHaveBeenCalledWith({ path: 'wine.ipynb', cell: 'abc', index: 4, line: 2 });
  expect(within(failure).getByRole('button', { name: 'Retry' })).toBeTruthy();
});

test('arrow keys go along the tabs, and only the selected one is in the tab order', async () => {
  show(runOf([taskOf('load')]));
  const list = await screen.findByRole('tablist', { name: 'Tasks' });
  const [graph, timeline, tasks] = within(list).getAllByRole('tab');
  graph.focus();
  await userEvent.keyboard('{ArrowRight}');
  expect([timeline.getAttribute('aria-selected'), timeline.tabIndex, graph.tabIndex]).toEqual(['true', 0, -1]);
  expect(document.activeElement).toBe(timeline);
  await userEvent.keyboard('{End}');
  expect(document.activeElement).toBe(tasks);
  await userEvent.keyboard('{ArrowRight}');
  expect(document.activeElement).toBe(graph);
  expect(screen.getAllByRole('tabpanel')[0].getAttribute('aria-labelledby')).toBe(graph.id);
});

test('a task is chosen with the keyboard in the time line, and Escape goes back to the run', async () => {
  const { selection } = show(
    runOf([taskOf('load', { started: 1000, finished: 1001 }), taskOf('train', { started: 1001, finished: 1009 })])
  );
  await userEvent.click(await screen.findByRole('tab', { name: 'Timeline' }));
  const list = screen.getByRole('listbox');
  list.focus();
  await userEvent.keyboard('{ArrowDown}');
  expect(selection.task).toBe('load');
  await screen.findByTestId('mlops-task');
  await userEvent.keyboard('{ArrowDown}');
  expect(selection.task).toBe('train');
  await waitFor(() =>
    expect(document.getElementById(list.getAttribute('aria-activedescendant')!)?.dataset.task).toBe('train')
  );
  const details = await screen.findByTestId('mlops-task');
  within(details).getByRole('tab', { name: 'Log' }).focus();
  await userEvent.keyboard('{Escape}');
  expect(selection.task).toBeNull();
  const ofRun = await screen.findByTestId('mlops-run-details');
  expect(document.activeElement).toBe(within(ofRun).getByRole('tab', { selected: true }));
});

test('a loop is one row that opens to its tasks', async () => {
  const items = [0, 1, 2].map(index => taskOf(`train[${index}]`, { item: index * 10 }));
  show(runOf([taskOf('load'), ...items]));
  await userEvent.click(await screen.findByRole('tab', { name: /Tasks/ }));
  const tree = screen.getByRole('tree');
  expect(within(tree).getAllByRole('treeitem')).toHaveLength(2);
  tree.focus();
  await userEvent.keyboard('{End}{ArrowRight}');
  expect(within(tree).getAllByRole('treeitem')).toHaveLength(5);
  expect(within(tree).getByText('3 succeeded')).toBeTruthy();
});

test('a task of a loop that is chosen elsewhere is seen in the list, and the keyboard goes on there', async () => {
  const items = [0, 1, 2].map(index => taskOf(`train[${index}]`));
  const { selection } = show(runOf([taskOf('load'), ...items]));
  await userEvent.click(await screen.findByRole('tab', { name: /Tasks/ }));
  const tree = screen.getByRole('tree');
  await userEvent.click(within(tree).getByText('load'));
  act(() => void (selection.task = 'train[1]'));
  await waitFor(() => {
    const row = within(tree).getByRole('treeitem', { selected: true });
    expect([row.dataset.task, tree.getAttribute('aria-activedescendant')]).toEqual(['train[1]', row.id]);
  });
  tree.focus();
  await userEvent.keyboard('{ArrowDown}');
  expect(selection.task).toBe('train[2]');
});

test('a failure within an included notebook leads into that one', async () => {
  const error = { ...FAILED.error!, notebook: 'parts/load.ipynb' };
  const { commands } = show(runOf([{ ...FAILED, error }], { state: 'failed', source: 'work/all.ipynb' }));
  const went = vi.fn();
  commands.addCommand(CommandIDs.goToCell, { label: 'Go', execute: args => void went(args) });
  await userEvent.click(await screen.findByRole('button', { name: 'Go to cell' }));
  expect(went).toHaveBeenCalledWith(expect.objectContaining({ path: 'work/parts/load.ipynb', index: 4 }));
});

test('artifacts that could not be had can be tried again', async () => {
  let isBroken = true;
  show(runOf([taskOf('load')]), {
    artifacts: async () => {
      if (isBroken) {
        throw new Failure('unreachable', 'The server cannot be reached.');
      }
      return [];
    }
  });
  await userEvent.click(await screen.findByRole('tab', { name: 'Artifacts' }));
  const note = await screen.findByRole('alert');
  isBroken = false;
  await userEvent.click(within(note).getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('No artifacts.')).toBeTruthy();
});

test('a list of 5000 tasks draws only what can be seen', async () => {
  const tasks = Array.from({ length: 5000 }, (_, index) =>
    taskOf(`t[${index}]`, { started: 1000 + index, finished: 1001 + index })
  );
  show(runOf(tasks));
  await userEvent.click(await screen.findByRole('tab', { name: /Timeline/ }));
  expect(screen.getAllByRole('option').length).toBeLessThan(100);
});

test('a run that is deleted under the view says so, keeps what is known, and can be closed', async () => {
  const { stream, run, onClose } = show(runOf([taskOf('load')]));
  await screen.findByText('1 of 1 steps');
  act(() => stream.runNews.emit({ run: run.run, events: [], deleted: true }));
  const banner = await screen.findByTestId('mlops-run-deleted');
  expect(screen.getByText('1 of 1 steps')).toBeTruthy();
  await userEvent.click(within(banner).getByRole('button', { name: 'Close' }));
  expect(onClose).toHaveBeenCalled();
});

test('without a connection what is known stays, and it is loaded anew when the connection is back', async () => {
  const { stream, client } = show(runOf([taskOf('load')]));
  await screen.findByText('1 of 1 steps');
  stream.connected = false;
  act(() => void stream.connectedChanged.emit(false));
  const banner = await screen.findByTestId('mlops-connection-lost');
  expect(banner.textContent).toContain('The connection to the server is lost; trying again.');
  await userEvent.click(within(banner).getByRole('button', { name: 'Try again' }));
  expect(stream.reconnect).toHaveBeenCalled();
  const before = client.run.mock.calls.length;
  stream.connected = true;
  act(() => void stream.connectedChanged.emit(true));
  await waitFor(() => expect(screen.queryByTestId('mlops-connection-lost')).toBeNull());
  expect(client.run.mock.calls.length).toBeGreaterThan(before);
});

test.each([
  [new Failure('missing', 'There is no run 17.', 'Was it deleted?', 404), 'There is no run 17.'],
  [new Failure('forbidden', 'The server does not let you do this.', 'Log in again.', 403), 'Log in again.']
])('a run that cannot be loaded says why, and can be tried again: $code', async (failure, text) => {
  let isBroken = true;
  show(runOf([taskOf('load')]), {
    run: async () => {
      if (isBroken) {
        throw failure;
      }
      return runOf([taskOf('load')]);
    }
  });
  expect((await screen.findByRole('alert')).textContent).toContain(text);
  isBroken = false;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('1 of 1 steps')).toBeTruthy();
});

test('the log is shown as text, and searched', async () => {
  const log = '<script>alert(1)</script>\n\u001b[31mred\u001b[0m\nneedle one\nneedle two\n';
  const { selection } = show(runOf([taskOf('load')]), {
    log: async () => ({ task: 'load', text: log, start: 0, end: log.length, size: log.length })
  });
  await screen.findByText('1 of 1 steps');
  act(() => void (selection.task = 'load'));
  const panel = await screen.findByTestId('mlops-log');
  await within(panel).findByText('<script>alert(1)</script>');
  expect(panel.querySelector('.jp-mlops-ink-1')?.textContent).toBe('red');
  fireEvent.change(within(panel).getByRole('searchbox'), { target: { value: 'needle' } });
  expect(within(panel).getByText('1 of 2')).toBeTruthy();
  await userEvent.type(within(panel).getByRole('searchbox'), '{Enter}');
  expect(within(panel).getByText('2 of 2')).toBeTruthy();
  expect(panel.querySelectorAll('mark')).toHaveLength(2);
});

test('an empty log, no metrics and no values are said in words', async () => {
  const { selection } = show(runOf([taskOf('load')]), {
    log: async () => ({ task: 'load', text: '', start: 0, end: 0, size: 0 })
  });
  await screen.findByText('1 of 1 steps');
  act(() => void (selection.task = 'load'));
  expect(await screen.findByText('Nothing was printed.')).toBeTruthy();
  const details = screen.getByTestId('mlops-task');
  await userEvent.click(within(details).getByRole('tab', { name: 'Metrics' }));
  expect(screen.getByText('Nothing was measured.')).toBeTruthy();
  await userEvent.click(within(details).getByRole('tab', { name: 'Values' }));
  expect(screen.getByText('No values were handed over.')).toBeTruthy();
});

test('a run can be compared only with one of the same pipeline; without one it says so', async () => {
  const runs = vi.fn(async () => ({ runs: [], more: false, total: 0 }));
  const { selection } = show(runOf([taskOf('load')]), { runs });
  await screen.findByText('1 of 1 steps');
  act(() => void (selection.other = ''));
  expect(await screen.findByText('There is no other run of wine yet.')).toBeTruthy();
  expect(runs).toHaveBeenCalledWith({ folder: '', query: "pipeline = 'wine'", limit: 200 });
  await userEvent.click(screen.getByRole('button', { name: 'Back to the run' }));
  await waitFor(() => expect(screen.queryByTestId('mlops-compare')).toBeNull());
});

test('a comparison shows what differs, and folds what is the same', async () => {
  const other = runOf([taskOf('load')], {
    run: 'other-run-00000001',
    params: { lr: 0.2, seed: 1 },
    metrics: { acc: 0.75 }
  });
  const mine = runOf([taskOf('load')], { params: { lr: 0.1, seed: 1 }, metrics: { acc: 0.9 } });
  const { selection } = show(mine, {
    run: async (ref: { run: string }) => (ref.run === mine.run ? mine : other),
    runs: async () => ({ runs: [{ ...other, params: {}, tasks: {} }], more: false, total: 1 }),
    diff: async () => ({
      params: {},
      metrics: {},
      environment: { 'packages.numpy': ['1.0', '2.0'] },
      source: { load: '--- first\n+++ second\n@@ -1 +1 @@\n-a = 1\n+a = 2' },
      tasks: {}
    })
  });
  await screen.findByText('1 of 1 steps');
  act(() => void (selection.other = other.run));
  const panel = await screen.findByTestId('mlops-compare');
  expect(await within(panel).findByText('+0.15 (+20%)')).toBeTruthy();
  expect(within(panel).getByText('packages.numpy')).toBeTruthy();
  expect(panel.querySelector('.jp-mlops-diff-added')?.textContent).toBe('1+a = 2');
  const folded = within(panel).getAllByText('1 is the same')[0].closest('details');
  expect([folded?.open, folded?.textContent?.includes('seed')]).toEqual([false, true]);
});
