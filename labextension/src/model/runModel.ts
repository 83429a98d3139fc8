import { IDisposable } from '@lumino/disposable';
import { Client } from '../api/client';
import { asFailure, Failure } from '../api/failure';
import { Graph, MetricPoint, Run, RunEvent, RunRef, Task, TaskState } from '../api/shapes';
import { EventStream, RunNews } from '../api/stream';
import { Living } from './living';

const BETWEEN_LOADS_MS = 250;
const OVER = ['succeeded', 'failed', 'canceled'];

/** Whether a run with this state does nothing any more. */
export function isOver(state: string): boolean {
  return OVER.includes(state);
}

/** One run, followed while this lives: its tasks, its graph with states, its metrics. */
export class RunModel extends Living {
  constructor(
    readonly ref: RunRef,
    private _client: Client,
    private _stream: EventStream
  ) {
    super();
    this._stream.runNews.connect(this._onNews, this);
    this._stream.connectedChanged.connect(this._onConnected, this);
    this._following = this._stream.follow(ref);
    void this.refresh();
  }

  /** Null until it was loaded the first time. */
  get run(): Run | null {
    return this._run;
  }

  get graph(): Graph | null {
    return this._graph;
  }

  /** Every metric with its points in the order of their time; grows while the run goes on. */
  get metrics(): ReadonlyMap<string, readonly MetricPoint[]> {
    return this._metrics;
  }

  /** Why it could not be loaded the last time; null after a success. */
  get failure(): Failure | null {
    return this._failure;
  }

  /** Whether the run was deleted while it was followed. */
  get deleted(): boolean {
    return this._deleted;
  }

  get isOver(): boolean {
    return this._run !== null && isOver(this._run.state);
  }

  /** The tasks of a step: one, or those of a loop. */
  tasksOf(step: string): Task[] {
    return this._run?.tasks.filter(task => task.step === step) ?? [];
  }

  /** Load it anew. Never rejects: `failure` says what went wrong. */
  async refresh(): Promise<void> {
    const asked = ++this._asked;
    let loaded: [Run, Graph] | Failure;
    try {
      loaded = await Promise.all([this._client.run(this.ref), this._client.graph(this.ref)]);
    } catch (thrown) {
      loaded = asFailure(thrown);
    }
    if (asked > this._answered && !this.isDisposed) {
      this._answered = asked;
      this._show(loaded);
      this.emitChanged();
    }
  }

  protected override release(): void {
    this._following.dispose();
    window.clearTimeout(this._timer);
  }

  private _onNews(_: EventStream, news: RunNews): void {
    if (news.run !== this.ref.run) {
      return;
    }
    this._deleted = this._deleted || news.deleted;
    this._takeStates(news.events);
    news.events.filter(event => event.type === 'metric').forEach(event => this._measure(event));
    this.emitChanged();
    if (!this._deleted && news.events.some(event => !QUIET.includes(event.type))) {
      this._loadSoon();
    }
  }

  private _onConnected(_: EventStream, connected: boolean): void {
    if (connected && this._failure) {
      this._loadSoon();
    }
  }

  /** Load shortly, once for all that happens until then. What happens during a load is loaded after it. */
  private _loadSoon(): void {
    this._stale = true;
    this._timer ??= window.setTimeout(async () => {
      this._stale = false;
      await this.refresh();
      this._timer = undefined;
      if (this._stale && !this.isDisposed) {
        this._loadSoon();
      }
    }, BETWEEN_LOADS_MS);
  }

  private _show(loaded: [Run, Graph] | Failure): void {
    if (loaded instanceof Failure) {
      this._failure = loaded;
      this._deleted = this._deleted || (this._run !== null && loaded.code === 'not_found');
    } else {
      [this._run, this._graph] = loaded;
      this._failure = null;
    }
  }

  /** States are shown as soon as they are heard; the rest comes with the next load. */
  private _takeStates(events: readonly RunEvent[]): void {
    const heard = new Map<string, TaskState>();
    for (const event of events) {
      if (event.type === 'task.started') {
        heard.set(String(event.task), 'running');
      } else if (event.type === 'task.finished') {
        heard.set(String(event.task), event.state as TaskState);
      }
    }
    if (this._run && heard.size) {
      const tasks = this._run.tasks.map(task => ({ ...task, state: heard.get(task.task) ?? task.state }));
      this._run = { ...this._run, tasks };
    }
  }

  private _measure(event: RunEvent): void {
    const name = String(event.name);
    const points = this._metrics.get(name) ?? [];
    const point = {
      at: event.at,
      value: typeof event.value === 'number' ? event.value : null,
      step: typeof event.step === 'number' ? event.step : null,
      task: String(event.task ?? '')
    };
    points.push(point);
    this._metrics.set(name, points);
  }

  private _run: Run | null = null;
  private _graph: Graph | null = null;
  private _failure: Failure | null = null;
  private _deleted = false;
  private _metrics = new Map<string, MetricPoint[]>();
  private _following: IDisposable;
  private _asked = 0;
  private _answered = 0;
  private _stale = false;
  private _timer: number | undefined = undefined;
}

/** Events after which nothing but what they say has changed. */
const QUIET = ['metric', 'cell.started', 'cell.finished'];
