import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { CommandRegistry } from '@lumino/commands';
import { describe, expect, it, vi } from 'vitest';
import { cellTarget, goToCell } from '../../src/notebook/goToCell';
import { CONTENTS } from '../fakes/notebook';

function fakeCell(id: string, lines = 3): object {
  const classes = new Set<string>();
  return {
    model: { id, type: 'code' },
    node: document.createElement('div'),
    ready: Promise.resolve(),
    inputHidden: true,
    classes,
    addClass: (name: string) => classes.add(name),
    removeClass: (name: string) => classes.delete(name),
    editor: { lineCount: lines, focus: vi.fn(), setCursorPosition: vi.fn(), revealPosition: vi.fn() }
  };
}

function scene(ids = ['a', 'b']) {
  const cells = ids.map(id => fakeCell(id)) as {
    inputHidden: boolean;
    classes: Set<string>;
    editor: { setCursorPosition: ReturnType<typeof vi.fn> };
  }[];
  const content = {
    widgets: cells,
    activeCellIndex: 0,
    mode: 'command',
    deselectAll: vi.fn(),
    scrollToItem: vi.fn(async () => undefined),
    model: { cells: { get: () => ({ type: 'code' }) } }
  };
  const panel = { id: 'panel', context: { path: 'RTC:work.ipynb', ready: Promise.resolve() }, content };
  const activate = vi.fn();
  const tracker = {
    currentWidget: panel,
    find: (test: (item: unknown) => boolean) => [panel].find(test)
  } as unknown as INotebookTracker;
  const surroundings = { tracker, contents: CONTENTS, commands: new CommandRegistry(), activate };
  return { cells, content, panel: panel as unknown as NotebookPanel, activate, surroundings };
}

describe('going to a cell', () => {
  it('activates the notebook that is open there, whatever the name of its drive', async () => {
    const { content, panel, activate, surroundings, cells } = scene();
    expect(await goToCell({ path: 'work.ipynb', cell: 'b' }, surroundings)).toBe(true);
    expect(activate).toHaveBeenCalledExactlyOnceWith(panel);
    expect(content.activeCellIndex).toBe(1);
    expect(content.scrollToItem).toHaveBeenCalledWith(1, 'smart');
    expect(cells[1].classes.has('jp-mlops-mod-shown')).toBe(true);
  });

  it('puts the cursor on the line, counted from one, and opens a collapsed cell', async () => {
    const { content, cells, surroundings } = scene();
    await goToCell({ path: '', cell: 'b', line: 2 }, surroundings);
    expect(cells[1].editor.setCursorPosition).toHaveBeenCalledWith({ line: 1, column: 0 });
    expect([cells[1].inputHidden, content.mode]).toEqual([false, 'edit']);
  });

  it.each([
    [0, 0],
    [99, 2]
  ])('stays inside the cell for line %d', async (line, shown) => {
    const { cells, surroundings } = scene();
    await goToCell({ path: '', index: 0, line }, surroundings);
    expect(cells[0].editor.setCursorPosition).toHaveBeenCalledWith({ line: shown, column: 0 });
  });

  it('trusts the id of a cell more than where it once was', async () => {
    const { content, surroundings } = scene();
    await goToCell({ path: '', cell: 'b', index: 0 }, surroundings);
    expect(content.activeCellIndex).toBe(1);
    await goToCell({ path: '', cell: 'gone', index: 0 }, surroundings);
    expect(content.activeCellIndex).toBe(0);
  });

  it('says that the cell is gone', async () => {
    const { surroundings } = scene();
    expect(await goToCell({ path: '', cell: 'gone' }, surroundings)).toBe(false);
  });

  it('opens a notebook that is closed', async () => {
    const { surroundings } = scene();
    const open = vi.fn(() => null);
    surroundings.commands.addCommand('docmanager:open', { execute: open });
    expect(await goToCell({ path: 'other.ipynb', index: 0 }, surroundings)).toBe(false);
    expect(open).toHaveBeenCalledWith({ path: 'other.ipynb', factory: 'Notebook' });
  });

  it('takes arguments of another type for absent', () => {
    expect(cellTarget({ path: 3, cell: null, index: '1', line: 2 })).toEqual({ path: '', line: 2 });
  });
});
