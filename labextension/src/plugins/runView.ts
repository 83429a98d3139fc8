import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IMLOps } from '../tokens';

/** A run in the main area. */
export const runViewPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:run-view',
  description: 'Runs in the main area.',
  autoStart: true,
  requires: [IMLOps],
  activate: (_app: JupyterFrontEnd, _mlops: IMLOps): void => undefined
};
