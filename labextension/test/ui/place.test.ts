import { JupyterFrontEnd, LabShell } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { TabPanel, Widget } from '@lumino/widgets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { activateView, placeView, toggleAbove } from '../../src/ui/place';

/** A page that keeps what it is told; `many` says whether it is JupyterLab's. */
function page(many: boolean): JupyterFrontEnd.IShell & { add: ReturnType<typeof vi.fn> } {
  const shell = many ? (Object.create(LabShell.prototype) as object) : {};
  return Object.assign(shell, { add: vi.fn(), activateById: vi.fn() }) as never;
}

let tabs: TabPanel | null = null;
afterEach(() => tabs?.dispose());

describe('a view', () => {
  it.each([
    [true, 'main', false],
    [false, 'down', true]
  ])('is put where documents are, or below the one document (%s)', (many, area, below) => {
    const [shell, view] = [page(many), new Widget()];
    placeView(shell, view);
    expect(shell.add).toHaveBeenCalledWith(view, area, { type: 'MLOps' });
    expect(view.hasClass('jp-mlops-mod-below')).toBe(below);
  });

  it('stays where it is when it is on the page', () => {
    const [shell, view] = [page(true), new Widget()];
    Widget.attach(view, document.body);
    placeView(shell, view);
    expect(shell.add).not.toHaveBeenCalled();
    view.dispose();
  });

  it('comes to the front of the tabs it is in', () => {
    tabs = new TabPanel();
    const views = [new Widget(), new Widget()];
    views.forEach(view => tabs?.addWidget(view));
    const shell = page(false);
    activateView(shell, views[1]);
    expect(tabs.currentWidget).toBe(views[1]);
    expect(shell.activateById).toHaveBeenCalledWith(views[1].id);
  });

  it('is put above the content of a document, and taken away again', () => {
    const [document_, view] = [new MainAreaWidget({ content: new Widget() }), new Widget()];
    Widget.attach(document_, document.body);
    toggleAbove(document_, view);
    expect([...document_.contentHeader.widgets]).toEqual([view]);
    expect(view.isVisible).toBe(true);
    toggleAbove(document_, view);
    expect(view.isAttached).toBe(false);
    expect(view.isDisposed).toBe(false);
    document_.dispose();
  });
});
