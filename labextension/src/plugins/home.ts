import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IMLOps } from '../tokens';

/** All runs of a project in the main area. */
export const homePlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:home',
  description: 'All runs of a project in the main area.',
  autoStart: true,
  requires: [IMLOps],
  activate: (_app: JupyterFrontEnd, _mlops: IMLOps): void => undefined
};
