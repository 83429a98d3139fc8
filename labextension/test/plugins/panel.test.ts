import { JupyterFrontEnd, LabShell } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { panelPlugin } from '../../src/plugins/panel';
import { CommandIDs, IMLOps } from '../../src/tokens';
import { mlopsOf } from '../fakes/mlops';
import { FakeServer } from '../fakes/server';

const OPEN = CommandIDs.openPanel;
const TOOLBAR = { toolbar: true };

let commands: CommandRegistry;
let mlops: IMLOps;
let notebook: MainAreaWidget;

beforeEach(() => {
  commands = new CommandRegistry();
  mlops = mlopsOf(new FakeServer());
  notebook = new MainAreaWidget({ content: new Widget() });
  Widget.attach(notebook, document.body);
});

afterEach(() => {
  notebook.dispose();
  mlops.stream.dispose();
});

async function activate(shell: object, current: MainAreaWidget | null): Promise<void> {
  const app = { commands, shell } as unknown as JupyterFrontEnd;
  const notebooks = { currentWidget: current } as unknown as INotebookTracker;
  await panelPlugin.activate(app, mlops, null, null, notebooks);
}

describe('the panel', () => {
  it('is at the left of a page with many documents, and its command shows it there', async () => {
    const page = { add: vi.fn(), activateById: vi.fn() };
    await activate(Object.assign(Object.create(LabShell.prototype) as object, page), notebook);
    expect(page.add).toHaveBeenCalledWith(expect.anything(), 'left', expect.anything());
    await commands.execute(OPEN);
    expect(page.activateById).toHaveBeenCalledWith('jupyter-mlops-panel');
    expect(commands.isVisible(OPEN, TOOLBAR)).toBe(false);
    expect(commands.isToggleable(OPEN)).toBe(false);
  });

  it('comes and goes above the cells where a page holds one notebook', async () => {
    const page = { add: vi.fn() };
    await activate(page, notebook);
    expect(page.add).not.toHaveBeenCalled();
    expect(commands.isVisible(OPEN, TOOLBAR)).toBe(true);
    expect(commands.isToggled(OPEN)).toBe(false);

    await commands.execute(OPEN);
    expect([...notebook.contentHeader.widgets].map(widget => widget.id)).toEqual(['jupyter-mlops-panel']);
    expect(commands.isToggled(OPEN)).toBe(true);

    await commands.execute(OPEN);
    expect([...notebook.contentHeader.widgets]).toEqual([]);
    expect(commands.isToggled(OPEN)).toBe(false);
  });

  it('cannot be shown on such a page without a notebook', async () => {
    await activate({ add: vi.fn() }, null);
    expect(commands.isEnabled(OPEN)).toBe(false);
  });
});
