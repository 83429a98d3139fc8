import { IDisposable } from '@lumino/disposable';
import { Client } from '../api/client';
import { RunRef } from '../api/shapes';
import { EventStream, once } from '../api/stream';
import { RunModel } from './runModel';

/** A run that somebody looks at; dispose it when the look is over. The model is shared with who else looks. */
export interface Followed extends IDisposable {
  readonly model: RunModel;
}

/** The runs that are followed in this browser: one model for each, as long as somebody needs it. */
export class Runs {
  constructor(
    private _client: Client,
    private _stream: EventStream
  ) {}

  follow(ref: RunRef): Followed {
    const entry = this._models.get(ref.run) ?? { model: new RunModel(ref, this._client, this._stream), followers: 0 };
    entry.followers += 1;
    this._models.set(ref.run, entry);
    const following = once(() => {
      entry.followers -= 1;
      if (entry.followers === 0) {
        this._models.delete(ref.run);
        entry.model.dispose();
      }
    });
    return Object.assign(following, { model: entry.model });
  }

  private _models = new Map<string, { model: RunModel; followers: number }>();
}
