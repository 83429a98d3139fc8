import { TranslationBundle } from '@jupyterlab/translation';
import { Failure } from '../api/failure';
import { Server } from '../model/server';

/** Why the server cannot be talked to: it does not answer, or speaks another version of the routes; null if it can. */
export function serverFailure(server: Server, trans: TranslationBundle): Failure | null {
  if (server.failure || !server.isOther) {
    return server.failure;
  }
  return new Failure(
    'version',
    trans.__('The server part of jupyter-mlops is of another version (%1).', server.health?.version ?? ''),
    trans.__('Start the server again after an upgrade, and reload this page.')
  );
}
