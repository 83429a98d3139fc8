import { Client, RunQuery } from '../../src/api/client';
import { Failure } from '../../src/api/failure';
import { ListedRun, RunPage } from '../../src/api/shapes';
import { EventStream } from '../../src/api/stream';
import { Signal } from '@lumino/signaling';
import { listed } from '../samples/shapes';

/** A run of a list; runs with a greater number are newer. */
export function runNumber(number: number, given: Partial<ListedRun> = {}): ListedRun {
  return listed(`01a1ff39-0000-7000-8000-${String(number).padStart(12, '0')}`, {
    pipeline: 'wine',
    created: number,
    started: number,
    finished: number + 1,
    seconds: 1,
    notebook: 'wine.ipynb',
    tasks: { succeeded: 2 },
    ...given
  });
}

/** Runs `count`, ..., 1: newest first. */
export function runsDown(count: number): ListedRun[] {
  return Array.from({ length: count }, (_, index) => runNumber(count - index));
}

/** A server with a list of runs that a test may change; what is asked is kept. */
export class FakeServer {
  constructor(public runs: ListedRun[]) {}

  readonly asked: RunQuery[] = [];
  failure: Failure | null = null;
  /** What it does with a query; all runs by default. */
  find: (query: RunQuery) => ListedRun[] = () => this.runs;

  /** What it waits for before it answers. */
  before: (query: RunQuery) => Promise<void> | null = () => null;

  /** What it waits for before it looks at a query. */
  first: (query: RunQuery) => Promise<void> | null = () => null;

  get client(): Client {
    return { runs: (query: RunQuery) => this._runs(query) } as unknown as Client;
  }

  readonly stream = new FakeStream();

  private async _runs(query: RunQuery): Promise<RunPage> {
    this.asked.push(query);
    await this.first(query);
    if (this.failure) {
      throw this.failure;
    }
    const found = this.find(query);
    await this.before(query);
    const [first, limit] = [query.offset ?? 0, query.limit ?? 50];
    return { runs: found.slice(first, first + limit), total: found.length, more: found.length > first + limit };
  }
}

/** A stream on which a test tells the news. */
class FakeStream {
  readonly folderNews = new Signal<this, { folder: string; runs: ListedRun[] }>(this);
  readonly connectedChanged = new Signal<this, boolean>(this);
  readonly watched: string[] = [];

  watch(folder: string): { dispose: () => void; isDisposed: boolean } {
    this.watched.push(folder);
    return { dispose: () => this.watched.splice(this.watched.indexOf(folder), 1), isDisposed: false };
  }

  tell(runs: ListedRun[], folder = ''): void {
    this.folderNews.emit({ folder, runs });
  }

  get asStream(): EventStream {
    return this as unknown as EventStream;
  }
}
