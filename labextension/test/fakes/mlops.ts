import { nullTranslator } from '@jupyterlab/translation';
import { Client } from '../../src/api/client';
import { EventStream } from '../../src/api/stream';
import { Runs } from '../../src/model/runs';
import { Server } from '../../src/model/server';
import { Targets } from '../../src/model/targets';
import { IMLOps } from '../../src/tokens';
import { FakeServer, WORDS } from './server';

/** What the core plugin gives the others, on a page without notebooks. */
export function mlopsOf(server: FakeServer): IMLOps {
  const client = new Client(server.settings, WORDS);
  const stream = new EventStream(server.settings);
  return {
    client,
    stream,
    server: new Server(client),
    runs: new Runs(client, stream),
    targets: new Targets(client),
    pipelines: null,
    trans: nullTranslator.load('jupyter_mlops')
  };
}
