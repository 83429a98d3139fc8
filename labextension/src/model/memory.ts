import { IStateDB } from '@jupyterlab/statedb';
import { JSONObject, JSONValue } from '@lumino/coreutils';

/** What a person set for the next run of a notebook. */
export interface NextRun {
  params: { [name: string]: JSONValue };
  /** Where it goes; empty: where the project's runs go. */
  target: string;
  /** Where in a cluster; empty: as the project has it. */
  context: string;
  namespace: string;
  /** Whether results of earlier runs may be used again. */
  cache: boolean;
}

/** Remembers what was set for the next run of each notebook, so that a reload of the page loses nothing. */
export class Memory {
  constructor(private _state: IStateDB) {}

  /** What was set for the notebook at a path; nothing if it was never, or is not readable. */
  async recall(path: string): Promise<Partial<NextRun>> {
    const found = await this._state.fetch(key(path)).catch(() => undefined);
    const { params, target, context, namespace, cache } = (found ?? {}) as JSONObject;
    return {
      ...(typeof params === 'object' && params !== null ? { params: params as JSONObject } : {}),
      ...(typeof target === 'string' ? { target } : {}),
      ...(typeof context === 'string' ? { context } : {}),
      ...(typeof namespace === 'string' ? { namespace } : {}),
      ...(typeof cache === 'boolean' ? { cache } : {})
    };
  }

  keep(path: string, next: NextRun): void {
    void this._state.save(key(path), { ...next }).catch(() => undefined);
  }
}

function key(path: string): string {
  return `jupyter-mlops:next-run:${path}`;
}
