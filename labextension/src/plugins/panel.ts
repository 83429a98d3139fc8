import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IMLOps } from '../tokens';

/** The panel of the current notebook's pipeline. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:panel',
  description: 'A panel with the pipeline of the current notebook.',
  autoStart: true,
  requires: [IMLOps],
  activate: (_app: JupyterFrontEnd, _mlops: IMLOps): void => undefined
};
