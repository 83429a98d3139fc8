import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import { Client, ClientWords } from '../api/client';
import { EventStream } from '../api/stream';
import { Memory } from '../model/memory';
import { Pipelines } from '../model/pipelines';
import { Runs } from '../model/runs';
import { Server } from '../model/server';
import { Targets } from '../model/targets';
import { IMLOps } from '../tokens';

/** Gives the other plugins the server's routes and events, and the models made of them. */
export const corePlugin: JupyterFrontEndPlugin<IMLOps> = {
  id: 'jupyter-mlops:core',
  description: 'The pipelines of open notebooks, and their runs.',
  autoStart: true,
  provides: IMLOps,
  optional: [INotebookTracker, ITranslator, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker | null,
    translator: ITranslator | null,
    state: IStateDB | null
  ): IMLOps => {
    const trans = (translator ?? nullTranslator).load('jupyter_mlops');
    const { serverSettings, contents } = app.serviceManager;
    const client = new Client(serverSettings, words(trans));
    const stream = new EventStream(serverSettings);
    const runs = new Runs(client, stream);
    const pipelines =
      tracker && new Pipelines(tracker, { client, stream, runs, contents, memory: state && new Memory(state) });
    const server = new Server(client);
    void app.restored.then(() => server.refresh());
    // A server that was started again may be another one.
    stream.connectedChanged.connect((_, connected) => void (connected && server.refresh()));
    return { client, stream, server, runs, targets: new Targets(client), pipelines, trans };
  }
};

function words(trans: TranslationBundle): ClientWords {
  return {
    unreachable: [
      trans.__('The server cannot be reached.'),
      trans.__('Runs go on without it. Check the connection, or start the server again.')
    ],
    loggedOut: [
      trans.__('The server does not let you do this.'),
      trans.__('Log in again, or ask who runs the server.')
    ],
    missing: [
      trans.__('The server has no MLOps part.'),
      trans.__('Install jupyter-mlops in the environment of the server, and start it again.')
    ]
  };
}
