import { JupyterFrontEnd, LabShell } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
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

/** Put a view above the content of a document, in the main area too of a page that holds one document; or take it away. */
export function toggleAbove(document: MainAreaWidget, view: Widget): void {
  if (view.isAttached) {
    view.parent = null;
    document.content.activate();
  } else {
    view.addClass('jp-mlops-mod-above');
    document.contentHeader.addWidget(view);
    view.activate();
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
