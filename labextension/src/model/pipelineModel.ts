import { Contents, ServerConnection } from '@jupyterlab/services';
import { NotebookPanel } from '@jupyterlab/notebook';
import { JSONObject, JSONValue } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { Client } from '../api/client';
import { asFailure, Failure } from '../api/failure';
import { Analysis, CellPlace, Diagnostic, ListedRun } from '../api/shapes';
import { EventStream } from '../api/stream';
import { Living } from './living';
import { Memory, NextRun } from './memory';
import { contentOf } from './notebookContent';
import { RunModel } from './runModel';
import { Followed, Runs } from './runs';

const AFTER_TYPING_MS = 250;
/** After this long a notebook that is not loaded yet may be one that cannot be. */
const SLOW_MS = 2000;

/** What a PipelineModel works with. */
export interface PipelineServices {
  client: Client;
  stream: EventStream;
  runs: Runs;
  contents: Contents.IManager;
  /** Null where nothing is remembered beyond a reload. */
  memory: Memory | null;
}

/**
 * An open notebook as a pipeline: what the server says it is (asked again shortly after each change), the parameters
 * that a person set for the next run, and the notebook's runs, the newest of which is followed.
 */
export class PipelineModel extends Living {
  constructor(
    readonly panel: NotebookPanel,
    private _services: PipelineServices
  ) {
    super();
    panel.disposed.connect(this.dispose, this);
    panel.context.pathChanged.connect(this._onPath, this);
    this._services.stream.folderNews.connect(this._onRuns, this);
    this._services.stream.connectedChanged.connect(this._onConnected, this);
    this._watching = this._services.stream.watch(this.path);
    void panel.context.ready.then(() => this._begin());
    this._timer = window.setTimeout(() => void this._lookAtFile(), SLOW_MS);
    void this._recall();
  }

  /** The notebook's path relative to the server's root: without a drive's name such as `RTC:`. */
  get path(): string {
    return this._services.contents.localPath(this.panel.context.path);
  }

  /** Whether the notebook is loaded. Before, what is in the browser is not what is in the file. */
  get isReady(): boolean {
    return this._isReady;
  }

  /** Whether its file is nothing that can be loaded as a notebook. */
  get isUnreadable(): boolean {
    return this._isUnreadable;
  }

  /** The last answer; null before the first. It stays while a newer one is awaited or could not be had. */
  get analysis(): Analysis | null {
    return this._analysis;
  }

  /** Why the last analysis could not be had; null after a success. */
  get failure(): Failure | null {
    return this._failure;
  }

  /** Whether an answer for the notebook as it is now is still awaited. */
  get pending(): boolean {
    return this._pending;
  }

  /** What was set for the next run; `params` are values that differ from the notebook's defaults. */
  get next(): Readonly<NextRun> {
    return this._next;
  }

  /** Set a parameter for the next run; undefined goes back to the notebook's default. */
  setParam(name: string, value: JSONValue | undefined): void {
    const { [name]: _, ...others } = this._next.params;
    this.setNext({ params: value === undefined ? others : { ...others, [name]: value } });
  }

  /** The values that were set of parameters that the notebook has. Others wait: a name may be in the middle of typing. */
  get params(): JSONObject {
    const known = this._analysis?.parameters.filter(item => item.name in this._next.params) ?? [];
    return Object.fromEntries(known.map(item => [item.name, this._next.params[item.name]])) as JSONObject;
  }

  /** Set anything for the next run. */
  setNext(changes: Partial<NextRun>): void {
    this._next = { ...this._next, ...changes };
    this._isSet = true;
    this._services.memory?.keep(this.path, this._next);
    this.emitChanged();
  }

  /** Whether a run of it was asked for and has not begun yet: on a cluster that takes a while. */
  get isStarting(): boolean {
    return this._isStarting;
  }

  set isStarting(starting: boolean) {
    this._isStarting = starting;
    this.emitChanged();
  }

  /** The notebook's newest runs, newest first. */
  get recent(): readonly ListedRun[] {
    const last = this.lastRun?.run;
    // What is followed is heard of before the list.
    return last
      ? this._recent.map(item => (item.run === last.run ? { ...item, state: last.state } : item))
      : this._recent;
  }

  /** The notebook's newest run, followed; null if it has none. */
  get lastRun(): RunModel | null {
    return this._last && !this._last.model.deleted ? this._last.model : null;
  }

  /** Role and step of a cell by its id, as analysed. */
  placeOf(cell: string): CellPlace | undefined {
    return this._places.get(cell);
  }

  /** Whether a cell has the text that the last answer is about. */
  isAsAnalysed(cell: string): boolean {
    const cells = this.panel.content.model?.sharedModel.cells ?? [];
    return (
      this._analysed.has(cell) && cells.find(item => item.getId() === cell)?.getSource() === this._analysed.get(cell)
    );
  }

  /** The diagnostics of a cell. */
  diagnosticsOf(place: CellPlace): Diagnostic[] {
    return this._analysis?.diagnostics.filter(item => item.cell === place.cell && !item.notebook) ?? [];
  }

  /** Name of the kernel in whose environment the notebook runs. */
  get kernel(): string {
    const { session, kernelPreference } = this.panel.sessionContext;
    return session?.kernel?.name ?? kernelPreference.name ?? '';
  }

  /** Ask the server now. Never rejects: `failure` says what went wrong. */
  async refresh(): Promise<void> {
    this._cancelTimer();
    const content = this.isDisposed ? null : this.panel.content.model;
    if (!content) {
      return;
    }
    if (!this._isReady) {
      return this._lookAtFile();
    }
    this._asking?.abort();
    const asking = (this._asking = new AbortController());
    this._pending = true;
    const isAwaited = (): boolean => this._asking === asking && !this.isDisposed;
    try {
      const asked = contentOf(content);
      const analysis = await this._services.client.analyse(this.path, asked, asking.signal);
      if (isAwaited()) {
        this._take(analysis, asked);
      }
    } catch (thrown) {
      if (isAwaited()) {
        this._failure = asFailure(thrown);
      }
    }
    if (isAwaited()) {
      this._pending = this._timer !== undefined;
      this.emitChanged();
    }
  }

  /** Start to follow a run that was just begun, without waiting to hear of it. */
  follow(run: string): void {
    if (this._last?.model.ref.run !== run) {
      this._last?.model.changed.disconnect(this.emitChanged, this);
      this._last?.dispose();
      this._last = this._services.runs.follow({ run, folder: this.path });
      this._last.model.changed.connect(this.emitChanged, this);
    }
    this.emitChanged();
  }

  protected override release(): void {
    this._cancelTimer();
    this._asking?.abort();
    this._watching.dispose();
    this._last?.model.changed.disconnect(this.emitChanged, this);
    this._last?.dispose();
  }

  /** What was set before the page was loaded, unless something was set since. */
  private async _recall(): Promise<void> {
    const found = await this._services.memory?.recall(this.path);
    if (found && !this._isSet && !this.isDisposed) {
      this._next = { ...this._next, ...found };
      this.emitChanged();
    }
  }

  private _begin(): void {
    const content = this.isDisposed ? null : this.panel.content.model;
    if (!content) {
      return;
    }
    this._isReady = true;
    this._isUnreadable = false;
    content.sharedModel.changed.connect(this._onNotebook, this);
    this._listenToCells();
    void this.refresh();
  }

  /** JupyterLab never says that it could not load a file, so it is asked for here, too. */
  private async _lookAtFile(): Promise<void> {
    const asked = this._services.contents.get(this.panel.context.path, { type: 'notebook', content: true });
    const refused = await asked.then(
      () => false,
      thrown => thrown instanceof ServerConnection.ResponseError
    );
    if (refused && !this._isReady && !this.isDisposed) {
      this._isUnreadable = true;
      this.emitChanged();
    }
  }

  private _onNotebook(_: object, change: { cellsChange?: unknown; metadataChange?: unknown }): void {
    if (change.cellsChange || change.metadataChange) {
      this._listenToCells();
      this._onContent();
    }
  }

  /** A notebook does not tell what changes within its cells. Those that are listened to stay so. */
  private _listenToCells(): void {
    for (const cell of this.panel.content.model?.cells ?? []) {
      cell.sharedModel.changed.connect(this._onCell, this);
    }
  }

  private _onCell(_: object, change: { sourceChange?: unknown; metadataChange?: unknown }): void {
    if (change.sourceChange || change.metadataChange) {
      this._onContent();
    }
  }

  private _onContent(): void {
    this._pending = true;
    this._cancelTimer();
    this._timer = window.setTimeout(() => void this.refresh(), AFTER_TYPING_MS);
  }

  private _cancelTimer(): void {
    window.clearTimeout(this._timer);
    this._timer = undefined;
  }

  private _onConnected(_: EventStream, connected: boolean): void {
    if (connected && this._failure) {
      void this.refresh();
    }
  }

  private _onPath(): void {
    const watching = this._services.stream.watch(this.path);
    this._watching.dispose();
    this._watching = watching;
    void this.refresh();
  }

  private _onRuns(_: EventStream, news: { folder: string; runs: ListedRun[] }): void {
    if (news.folder !== this.path) {
      return;
    }
    this._recent = news.runs.filter(run => run.notebook === this.path);
    const newest = this._recent[0]?.run;
    if (newest && (!this._last || newest > this._last.model.ref.run || this._last.model.deleted)) {
      this.follow(newest);
    } else {
      this.emitChanged();
    }
  }

  private _take(analysis: Analysis, asked: JSONObject): void {
    this._analysed = new Map((asked.cells as JSONObject[]).map(cell => [String(cell.id), String(cell.source)]));
    this._places = new Map(analysis.cells.map(place => [place.id, place]));
    this._analysis = analysis;
    this._failure = null;
  }

  private _isReady = false;
  private _isStarting = false;
  private _isUnreadable = false;
  private _analysis: Analysis | null = null;
  private _failure: Failure | null = null;
  private _pending = true;
  private _places = new Map<string, CellPlace>();
  private _analysed: ReadonlyMap<string, string> = new Map();
  private _next: NextRun = { params: {}, target: '', context: '', namespace: '', cache: true };
  private _isSet = false;
  private _recent: ListedRun[] = [];
  private _last: Followed | null = null;
  private _asking: AbortController | null = null;
  private _timer: number | undefined = undefined;
  private _watching: IDisposable;
}
