import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Changing } from '../model/living';

/** What a person set for Home; the schema `home.json` describes it. */
export class HomeSettings extends Changing {
  constructor(loaded: Promise<ISettingRegistry.ISettings> | undefined) {
    super();
    void loaded?.then(settings => this._use(settings)).catch(() => undefined);
  }

  /** Whether to tell when a run that was started here ends. */
  get tellEnds(): boolean {
    return this._get('tellEnds', true);
  }

  /** How many columns of what differs are shown unless others are chosen. */
  get mostColumns(): number {
    return this._get('mostColumns', 8);
  }

  /** For how many days a failed run needs attention. */
  get attentionDays(): number {
    return this._get('attentionDays', 14);
  }

  private _use(settings: ISettingRegistry.ISettings): void {
    this._settings = settings;
    settings.changed.connect(() => this.emitChanged());
    this.emitChanged();
  }

  private _get<T extends boolean | number>(name: string, otherwise: T): T {
    return (this._settings?.get(name).composite as T | undefined) ?? otherwise;
  }

  private _settings: ISettingRegistry.ISettings | null = null;
}
