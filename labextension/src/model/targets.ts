import { Client } from '../api/client';
import { asFailure, Failure } from '../api/failure';
import { Context, Place, Target, Targets as Answer } from '../api/shapes';
import { Changing } from './living';

/** The target that is the server's own machine. */
export const LOCAL = 'local';

const FRESH_MS = 5 * 60_000;
const MOST_KEPT = 50;

/** An answer that is awaited or was had: the last one, and why there is no newer one. */
export interface Known<T> {
  readonly answer: T | null;
  readonly failure: Failure | null;
  readonly isAsking: boolean;
}

interface Kept<T> extends Known<T> {
  readonly at: number;
}

/** Where runs can go, for each project and place that somebody looks at. The server asks clusters, so it may take seconds. */
export class Targets extends Changing {
  constructor(
    private _client: Client,
    private _now: () => number = Date.now
  ) {
    super();
  }

  /** What is known; asked for if nothing is, or if that was long ago. */
  of(folder: string, { context, namespace }: Place): Known<Answer> {
    const key = JSON.stringify([folder, context, namespace]);
    return this._known(this._answers, key, () => this._client.targets(folder, { context, namespace }));
  }

  /** The contexts that the server's kubeconfig has. */
  get contexts(): Known<Context[]> {
    return this._known(this._contexts, '', () => this._client.contexts());
  }

  /** What is known is asked for again as soon as somebody looks. */
  forget(): void {
    for (const kept of [this._answers, this._contexts] as Map<string, Kept<unknown>>[]) {
      kept.forEach((item, key) => kept.set(key, { ...item, at: -Infinity }));
    }
    this.emitChanged();
  }

  private _known<T>(kept: Map<string, Kept<T>>, key: string, load: () => Promise<T>): Known<T> {
    const found = kept.get(key);
    if (found && (found.isAsking || this._now() - found.at < FRESH_MS)) {
      return found;
    }
    const asking = { answer: found?.answer ?? null, failure: found?.failure ?? null, isAsking: true, at: this._now() };
    if (kept.size >= MOST_KEPT) {
      kept.clear();
    }
    kept.set(key, asking);
    const done = (part: Partial<Kept<T>>): void => {
      kept.set(key, { ...asking, failure: null, isAsking: false, at: this._now(), ...part });
      this.emitChanged();
    };
    void load().then(
      answer => done({ answer }),
      thrown => done({ failure: asFailure(thrown) })
    );
    return asking;
  }

  private _answers = new Map<string, Kept<Answer>>();
  private _contexts = new Map<string, Kept<Context[]>>();
}

/** Why no run can go there now, and the way out; empty if one can. A cluster without an image for steps can run nothing. */
export function whyNot(target: Target): string {
  const image = target.capabilities.find(item => item.name === 'image');
  return target.missing || image?.missing || '';
}

/** Whether a target is a cluster, which has contexts and namespaces. */
export function isCluster(target: Target): boolean {
  return target.name !== LOCAL;
}
