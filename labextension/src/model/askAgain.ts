import { EventStream } from '../api/stream';
import { Pipelines } from './pipelines';
import { Server } from './server';
import { Targets } from './targets';

/** Ask the server anew for all that is shown: what it is, its news, and the current notebook's pipeline. */
export async function askAgain(shown: {
  server: Server;
  stream: EventStream;
  pipelines: Pipelines | null;
  targets: Targets;
}): Promise<void> {
  await shown.server.refresh();
  shown.targets.forget();
  shown.stream.reconnect();
  await shown.pipelines?.current?.refresh();
}
