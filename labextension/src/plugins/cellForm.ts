import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IFormRendererRegistry } from '@jupyterlab/ui-components';
import * as React from 'react';
import { CellFormField } from '../notebook/cellForm';
import { IMLOps } from '../tokens';

/** Our section of the property inspector. Which fields it has, and their words, is in `schema/cell-form.json`. */
export const cellFormPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:cell-form',
  description: 'Options of the active cell and of the pipeline in the property inspector.',
  autoStart: true,
  requires: [IMLOps, INotebookTracker, IFormRendererRegistry],
  activate: (
    _app: JupyterFrontEnd,
    mlops: IMLOps,
    tracker: INotebookTracker,
    registry: IFormRendererRegistry
  ): void => {
    registry.addRenderer('jupyter-mlops:cell-form.field', {
      fieldRenderer: ({ name, schema }) =>
        React.createElement(CellFormField, { given: { name, schema: schema as object }, tracker, mlops })
    });
  }
};
