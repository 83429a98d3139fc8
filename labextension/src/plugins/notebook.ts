import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IMLOps } from '../tokens';

/** What is shown and set at the cells of a notebook. */
export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:notebook',
  description: 'Steps of cells: chips, a menu, and a form.',
  autoStart: true,
  requires: [IMLOps],
  activate: (_app: JupyterFrontEnd, _mlops: IMLOps): void => undefined
};
