import { JupyterFrontEnd } from '@jupyterlab/application';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runViewPlugin } from '../../src/plugins/runView';
import { RunWidget } from '../../src/runView/RunWidget';
import { CommandIDs, IMLOps } from '../../src/tokens';
import { mlopsOf } from '../fakes/mlops';
import { FakeServer } from '../fakes/server';
import { graphOf, runOf, taskOf } from '../runView/made';

const REF = { run: 'r1', folder: 'work.ipynb' };

/** Where widgets are put: what and in which area. */
class Shell {
  readonly added: [Widget, string][] = [];
  readonly activated: string[] = [];
  currentWidget: Widget | null = null;
  add(widget: Widget, area: string): void {
    this.added.push([widget, area]);
    Widget.attach(widget, document.body);
  }
  activateById(id: string): void {
    this.activated.push(id);
  }
}

let shell: Shell;
let commands: CommandRegistry;
let mlops: IMLOps;

async function activate(): Promise<void> {
  shell = new Shell();
  commands = new CommandRegistry();
  const app = { commands, shell } as unknown as JupyterFrontEnd;
  await runViewPlugin.activate(app, mlops, null, null, null);
}

beforeEach(async () => {
  const server = new FakeServer();
  const graph = graphOf(['load']);
  server.answer = what => ({ json: what.includes('/graph') ? graph : runOf([taskOf('load')], { state: 'failed' }) });
  mlops = mlopsOf(server);
  await activate();
});

afterEach(() => {
  shell.added.forEach(([widget]) => widget.dispose());
  mlops.stream.dispose();
});

describe('the run view plugin', () => {
  it('opens one view for each run, and goes to it the next time', async () => {
    await commands.execute(CommandIDs.openRun, REF);
    await commands.execute(CommandIDs.openRun, { ...REF, task: 'train' });
    await commands.execute(CommandIDs.openRun, { ...REF, run: 'r2' });
    expect(shell.added.map(([widget]) => widget.id)).toEqual(['jupyter-mlops-run-r1', 'jupyter-mlops-run-r2']);
    expect(shell.activated).toHaveLength(3);
    expect((shell.added[0][0] as RunWidget).selection.task).toBe('train');
  });

  it('names the view by pipeline and state once the run is loaded', async () => {
    await commands.execute(CommandIDs.openRun, REF);
    const { title } = shell.added[0][0];
    await expect.poll(() => title.label).toBe('wine');
    expect(title.caption).toContain('failed');
  });

  it('shows the comparison with a run, or lets one choose', async () => {
    await commands.execute(CommandIDs.compareRuns, REF);
    const widget = shell.added[0][0] as RunWidget;
    expect(widget.selection.other).toBe('');
    await commands.execute(CommandIDs.compareRuns, { ...REF, other: 'r2' });
    expect([shell.added.length, widget.selection.other]).toEqual([1, 'r2']);
  });

  it('is about the view that is used, where no run is named; without one there is nothing to do', async () => {
    expect(commands.isEnabled(CommandIDs.openRun)).toBe(false);
    await commands.execute(CommandIDs.openRun, REF);
    expect(commands.isEnabled(CommandIDs.compareRuns)).toBe(false);
    shell.currentWidget = shell.added[0][0];
    expect(commands.isEnabled(CommandIDs.compareRuns)).toBe(true);
  });

  it('follows a run only while its view is open', async () => {
    await commands.execute(CommandIDs.openRun, REF);
    const first = mlops.runs.follow(REF).model;
    shell.added[0][0].dispose();
    expect(first.isDisposed).toBe(false);
    await commands.execute(CommandIDs.openRun, REF);
    expect(shell.added).toHaveLength(2);
  });
});
