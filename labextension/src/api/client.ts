import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { JSONObject } from '@lumino/coreutils';
import { ServerClock } from './clock';
import { Failure } from './failure';
import * as shapes from './shapes';

const API = 'jupyter-mlops/api';

/** Words for what the server itself cannot say: that it is not reached, or not by this person. */
export interface ClientWords {
  unreachable: [string, string];
  loggedOut: [string, string];
  missing: [string, string];
}

export interface RunQuery {
  folder?: string;
  notebook?: string;
  query?: string;
  order_by?: string;
  limit?: number;
  offset?: number;
}

export interface RightsQuery extends shapes.Place {
  purposes: string[];
  subject: string;
}

/** The server extension's routes, one method each. Every method rejects with a `Failure`. */
export class Client {
  /** The server's clock: times in its answers are counted from this, not from the browser's. */
  readonly clock = new ServerClock();

  constructor(
    readonly settings: ServerConnection.ISettings,
    private _words: ClientWords
  ) {}

  health(): Promise<shapes.Health> {
    return this._get('health');
  }

  /** Where runs of a folder's project can go, asked for a place in them. */
  targets(folder: string, place: Partial<shapes.Place> = {}): Promise<shapes.Targets> {
    return this._get('targets', { folder, ...place });
  }

  /** The contexts of the server's kubeconfig. */
  async contexts(): Promise<shapes.Context[]> {
    return (await this._get<{ contexts: shapes.Context[] }>('targets/contexts')).contexts;
  }

  /** Whether a target is fit for runs. */
  doctor(folder: string, target: string, place: shapes.Place): Promise<shapes.Doctor> {
    return this._send('POST', `targets/${encodeURIComponent(target)}/doctor`, { folder, ...place });
  }

  /** The least rights for some purposes, as YAML; without a subject for who asks. */
  rights(folder: string, target: string, asked: RightsQuery): Promise<shapes.Rights> {
    const query = { ...asked, purposes: asked.purposes.join(',') };
    return this._get(`targets/${encodeURIComponent(target)}/rbac`, { folder, ...query });
  }

  /** What a notebook is as a pipeline; `content` is its JSON, `path` relative to the server's root. */
  analyse(path: string, content: JSONObject, signal?: AbortSignal): Promise<shapes.Analysis> {
    return this._send('POST', 'analysis', { path, content }, signal);
  }

  convert(path: string, content: JSONObject, by = 'auto'): Promise<shapes.Conversion> {
    return this._send('POST', 'conversion', { path, content, by });
  }

  runs(query: RunQuery): Promise<shapes.RunPage> {
    return this._get('runs', { ...query });
  }

  async start(options: shapes.Start): Promise<string> {
    return (await this._send<{ run: string }>('POST', 'runs', { ...options } as JSONObject)).run;
  }

  run(ref: shapes.RunRef): Promise<shapes.Run> {
    return this._get(this._of(ref), { folder: ref.folder });
  }

  graph(ref: shapes.RunRef): Promise<shapes.Graph> {
    return this._get(`${this._of(ref)}/graph`, { folder: ref.folder });
  }

  cancel(ref: shapes.RunRef): Promise<void> {
    return this._send('POST', `${this._of(ref)}/cancel?${queryOf({ folder: ref.folder })}`, {});
  }

  retry(ref: shapes.RunRef, kernel: string): Promise<void> {
    return this._send('POST', `${this._of(ref)}/retry?${queryOf({ folder: ref.folder, kernel })}`, {});
  }

  delete(ref: shapes.RunRef): Promise<void> {
    return this._send('DELETE', `${this._of(ref)}?${queryOf({ folder: ref.folder })}`);
  }

  diff(ref: shapes.RunRef, other: string): Promise<shapes.Diff> {
    return this._get(`${this._of(ref)}/diff/${encodeURIComponent(other)}`, { folder: ref.folder });
  }

  /** Bytes of a task's log from `start` on, at most `limit` of them; of its latest attempt unless one is named. */
  log(ref: shapes.RunRef, task: string, start: number, limit?: number, attempt?: number): Promise<shapes.LogPart> {
    const path = `${this._of(ref)}/tasks/${encodeURIComponent(task)}/log`;
    return this._get(path, { folder: ref.folder, start, limit, attempt });
  }

  /** The pods of a task's latest attempt, or of the one named, and what the cluster said of them. */
  pods(ref: shapes.RunRef, task: string, attempt?: number): Promise<shapes.Pods> {
    return this._get(`${this._of(ref)}/tasks/${encodeURIComponent(task)}/pods`, { folder: ref.folder, attempt });
  }

  /** Processor time and memory of a task's latest attempt, or of the one named. */
  use(ref: shapes.RunRef, task: string, attempt?: number): Promise<shapes.Use> {
    return this._get(`${this._of(ref)}/tasks/${encodeURIComponent(task)}/use`, { folder: ref.folder, attempt });
  }

  /** The executed notebook of a run or, given one, of a task. */
  notebook(ref: shapes.RunRef, task?: string): Promise<JSONObject> {
    return this._get(`${this._of(ref)}/notebook`, { folder: ref.folder, task });
  }

  async metrics(ref: shapes.RunRef): Promise<{ [name: string]: shapes.MetricPoint[] }> {
    const path = `${this._of(ref)}/metrics`;
    return (await this._get<{ metrics: { [name: string]: shapes.MetricPoint[] } }>(path, { folder: ref.folder }))
      .metrics;
  }

  async artifacts(ref: shapes.RunRef): Promise<shapes.Artifact[]> {
    const path = `${this._of(ref)}/artifacts`;
    return (await this._get<{ artifacts: shapes.Artifact[] }>(path, { folder: ref.folder })).artifacts;
  }

  preview(ref: shapes.RunRef, digest: string): Promise<shapes.Preview> {
    return this._get(`${this._of(ref)}/artifacts/${encodeURIComponent(digest)}`, { folder: ref.folder, preview: true });
  }

  /** An artifact's content, to save. */
  async download(ref: shapes.RunRef, digest: string): Promise<Blob> {
    const path = `${this._of(ref)}/artifacts/${encodeURIComponent(digest)}?${queryOf({ folder: ref.folder })}`;
    return (await this._request(path, {})).blob();
  }

  private _of(ref: shapes.RunRef): string {
    return `runs/${encodeURIComponent(ref.run)}`;
  }

  private async _get<T>(path: string, query: Query = {}): Promise<T> {
    const asked = queryOf(query);
    return this._json(await this._request(asked ? `${path}?${asked}` : path, {}));
  }

  private async _send<T>(method: string, path: string, body?: JSONObject, signal?: AbortSignal): Promise<T> {
    const init = { method, signal, body: body === undefined ? undefined : JSON.stringify(body) };
    const response = await this._request(path, init);
    return response.status === 204 ? (undefined as T) : this._json(response, signal);
  }

  /** An answer's JSON. A proxy answers with a page to log in, and says that all is well. */
  private async _json<T>(response: Response, signal?: AbortSignal): Promise<T> {
    try {
      return await response.json();
    } catch (thrown) {
      throw signal?.aborted
        ? new Failure('aborted', String(thrown))
        : new Failure('forbidden', ...this._words.loggedOut, response.status);
    }
  }

  private async _request(path: string, init: RequestInit): Promise<Response> {
    const url = URLExt.join(this.settings.baseUrl, API) + '/' + path;
    let response: Response;
    try {
      // With its default, `no-store`, makeRequest adds a number to the query, which the contract does not know.
      response = await ServerConnection.makeRequest(url, { cache: 'no-cache', ...init }, this.settings);
    } catch (thrown) {
      if (init.signal?.aborted) {
        throw new Failure('aborted', String(thrown));
      }
      throw new Failure('unreachable', ...this._words.unreachable);
    }
    this.clock.hear(response.headers.get('Date'));
    if (!response.ok) {
      throw await this._failure(response);
    }
    return response;
  }

  private async _failure(response: Response): Promise<Failure> {
    const said = await response.json().catch(() => null);
    const hint = typeof said?.hint === 'string' ? said.hint : '';
    // "Forbidden" alone is no way out: it is what the server says of an old token.
    if (!hint && (response.status === 401 || response.status === 403)) {
      return new Failure('forbidden', ...this._words.loggedOut, response.status);
    }
    if (typeof said?.code === 'string' && typeof said.message === 'string') {
      return new Failure(said.code, said.message, hint, response.status);
    }
    return response.status === 404
      ? new Failure('missing', ...this._words.missing, 404)
      : new Failure('refused', response.statusText || String(response.status), '', response.status);
  }
}

interface Query {
  [name: string]: string | number | boolean | undefined;
}

function queryOf(query: Query): string {
  const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  return new URLSearchParams(asked.map(([name, value]): [string, string] => [name, String(value)])).toString();
}
