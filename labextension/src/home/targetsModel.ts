import { Client } from '../api/client';
import { asFailure, Failure } from '../api/failure';
import { Context, Doctor, Place, Rights, Targets as Answer } from '../api/shapes';
import { Living } from '../model/living';
import { Known, Targets } from '../model/targets';

/** What was asked for: the last answer, and whether a newer one is awaited. `since` is when it was asked for, in ms. */
export interface Asked<T> extends Known<T> {
  readonly since: number;
}

const NOTHING = { answer: null, failure: null, isAsking: false, since: 0 };

/** The targets of a project, their health, and the rights that they take; all for the place that is chosen. */
export class TargetsModel extends Living {
  constructor(
    readonly folder: string,
    private _client: Client,
    private _targets: Targets
  ) {
    super();
    this._targets.changed.connect(this.emitChanged, this);
  }

  /** Where in clusters is looked. */
  get place(): Place {
    return this._place;
  }

  /** Look elsewhere: what was found there is no more true. */
  set place(place: Place) {
    this._place = place;
    this._doctors.clear();
    this._rights.clear();
    this.emitChanged();
  }

  get known(): Known<Answer> {
    return this._targets.of(this.folder, this._place);
  }

  get contexts(): Known<Context[]> {
    return this._targets.contexts;
  }

  /** Ask anew which targets there are. */
  refresh(): void {
    this._targets.forget();
  }

  /** What the doctor found of a target. */
  doctorOf(target: string): Asked<Doctor> {
    return this._doctors.get(target) ?? NOTHING;
  }

  /** The rights that were asked for last. */
  rightsOf(target: string): Asked<Rights> {
    return this._rights.get(target) ?? NOTHING;
  }

  /** Have a target checked. Never rejects. */
  async check(target: string): Promise<void> {
    await this._ask(this._doctors, target, () => this._client.doctor(this.folder, target, this._place));
  }

  /** Ask for the least rights for some purposes; without a subject for who asks. Never rejects. */
  async askRights(target: string, purposes: string[], subject: string): Promise<void> {
    const asked = { ...this._place, purposes, subject };
    await this._ask(this._rights, target, () => this._client.rights(this.folder, target, asked));
  }

  private async _ask<T>(kept: Map<string, Asked<T>>, target: string, load: () => Promise<T>): Promise<void> {
    const asked: Asked<T> = {
      answer: kept.get(target)?.answer ?? null,
      failure: null,
      isAsking: true,
      since: performance.now()
    };
    kept.set(target, asked);
    this.emitChanged();
    let found: { answer: T | null; failure: Failure | null };
    try {
      found = { answer: await load(), failure: null };
    } catch (thrown) {
      found = { answer: null, failure: asFailure(thrown) };
    }
    // What was asked for another place, or again since, is told no more.
    if (!this.isDisposed && kept.get(target) === asked) {
      kept.set(target, { ...asked, ...found, isAsking: false });
      this.emitChanged();
    }
  }

  private _place: Place = { context: '', namespace: '' };
  private _doctors = new Map<string, Asked<Doctor>>();
  private _rights = new Map<string, Asked<Rights>>();
}
