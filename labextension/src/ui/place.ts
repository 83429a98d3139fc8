import { JupyterFrontEnd, LabShell } from '@jupyterlab/application';
import { TabPanel, Widget } from '@lumino/widgets';

/** Whether the page holds many documents beside each other, as JupyterLab's does; Notebook 7's holds one. */
export function holdsManyDocuments(shell: JupyterFrontEnd.IShell): boolean {
  return shell instanceof LabShell;
}

/** Put a view where documents are or, on a page with one document, below it; unless it is on the page. */
export function placeView(shell: JupyterFrontEnd.IShell, view: Widget): void {
  if (!view.isAttached) {
    const many = holdsManyDocuments(shell);
    view.toggleClass('jp-mlops-mod-below', !many);
    shell.add(view, many ? 'main' : 'down', { type: 'MLOps' });
  }
}

/** Bring a view that is on the page to the front. */
export function activateView(shell: JupyterFrontEnd.IShell, view: Widget): void {
  // Notebook 7 activates what is below the document without showing its tab.
  const tabs = view.parent?.parent;
  if (tabs instanceof TabPanel) {
    tabs.currentWidget = view;
  }
  shell.activateById(view.id);
}
