import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IFormRendererRegistry } from '@jupyterlab/ui-components';
import * as React from 'react';
import { CellFormField, FormServices } from '../notebook/cellForm';
import { IMLOps } from '../tokens';

/**
 * Our section of the property inspector. Which fields it has, and their words, is in `schema/cell-form.json`.
 *
 * JupyterLab looks for the renderer of our fields once, when its own form starts: so this needs nothing but the
 * registry, and asks for the rest later.
 */
export const cellFormPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:cell-form',
  description: 'Options of the active cell and of the pipeline in the property inspector.',
  autoStart: true,
  requires: [IFormRendererRegistry],
  activate: (app: JupyterFrontEnd, registry: IFormRendererRegistry): void => {
    let services: FormServices | null = null;
    registry.addRenderer('jupyter-mlops:cell-form.field', {
      fieldRenderer: ({ name, schema }) =>
        services ? React.createElement(CellFormField, { given: { name, schema: schema as object }, services }) : null
    });
    void app.started.then(async () => {
      const mlops = await app.resolveOptionalService(IMLOps);
      const tracker = await app.resolveOptionalService(INotebookTracker);
      services = mlops && tracker ? { mlops, tracker } : null;
    });
  }
};
