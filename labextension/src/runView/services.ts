import { TranslationBundle } from '@jupyterlab/translation';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { CommandRegistry } from '@lumino/commands';
import { Client } from '../api/client';
import { RunRef } from '../api/shapes';

/** What the parts of a run's view work with. */
export interface RunServices {
  readonly ref: RunRef;
  readonly client: Client;
  readonly commands: CommandRegistry;
  readonly rendermime: IRenderMimeRegistry | null;
  readonly trans: TranslationBundle;
}
