import { Client } from '../api/client';
import { asFailure, Failure } from '../api/failure';
import { Health } from '../api/shapes';
import { Changing } from './living';

/** The version of the routes that this front end speaks. */
export const API_VERSION = 1;

/** What is known of the server part: whether it is there, and whether it fits. */
export class Server extends Changing {
  constructor(private _client: Client) {
    super();
  }

  /** Null until the server answered. */
  get health(): Health | null {
    return this._health;
  }

  /** Why it does not answer; null when it does. */
  get failure(): Failure | null {
    return this._failure;
  }

  /** Whether it answered and speaks another version of the routes than this. */
  get isOther(): boolean {
    return this._health !== null && this._health.api !== API_VERSION;
  }

  /** Ask it. Never rejects: `failure` says what went wrong. */
  async refresh(): Promise<void> {
    try {
      this._health = await this._client.health();
      this._failure = null;
    } catch (thrown) {
      this._failure = asFailure(thrown);
    }
    this.emitChanged();
  }

  private _health: Health | null = null;
  private _failure: Failure | null = null;
}
