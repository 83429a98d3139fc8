import { ServerConnection } from '@jupyterlab/services';
import { URLExt } from '@jupyterlab/coreutils';
import { JSONObject, JSONValue } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { ListedRun, RunEvent, RunRef } from './shapes';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15000;

interface Followed {
  ref: RunRef;
  offsets: JSONObject;
  /** Events that were heard and not told: the offsets behind them are not known yet. */
  heard: RunEvent[];
}

/** Something new about a run that is followed: events, or that it was deleted. */
export interface RunNews {
  run: string;
  events: RunEvent[];
  deleted: boolean;
}

/**
 * The one WebSocket on which the server tells what happens. It is open while somebody listens, comes back after any
 * break, and misses nothing: the server is told how far each run was heard.
 */
export class EventStream implements IDisposable {
  constructor(private _settings: ServerConnection.ISettings) {}

  /** Emitted for each followed run with news. */
  get runNews(): ISignal<this, RunNews> {
    return this._runNews;
  }

  /** Emitted when the newest runs of a watched notebook or folder change. */
  get folderNews(): ISignal<this, { folder: string; runs: ListedRun[] }> {
    return this._folderNews;
  }

  /** Emitted when the connection is lost or there again. */
  get connectedChanged(): ISignal<this, boolean> {
    return this._connectedChanged;
  }

  /** False only after a connection was lost and before it is back. */
  get connected(): boolean {
    return this._connected;
  }

  /** Hear of a run, from its beginning, until the returned thing is disposed. A run has one follower: its RunModel. */
  follow(ref: RunRef): IDisposable {
    const followed: Followed = { ref, offsets: {}, heard: [] };
    this._followed.set(ref.run, followed);
    this._say(this._following(followed));
    return once(() => {
      if (this._followed.get(ref.run) === followed && this._followed.delete(ref.run)) {
        this._say({ unfollow: ref.run });
        this._rest();
      }
    });
  }

  /** Hear of the newest runs of a notebook, or of a folder's project, until the returned thing is disposed. */
  watch(folder: string): IDisposable {
    this._watched.set(folder, (this._watched.get(folder) ?? 0) + 1);
    this._say({ watch: folder });
    return once(() => {
      const left = (this._watched.get(folder) ?? 1) - 1;
      if (left > 0) {
        this._watched.set(folder, left);
      } else if (this._watched.delete(folder)) {
        this._say({ unwatch: folder });
        this._rest();
      }
    });
  }

  /** Try again now instead of after the pause. */
  reconnect(): void {
    if (!this._socket && this._wanted()) {
      this._pause = FIRST_PAUSE_MS;
      this._open();
    }
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    this._followed.clear();
    this._watched.clear();
    this._close();
    Signal.clearData(this);
  }

  private _wanted(): boolean {
    return !this._disposed && this._followed.size + this._watched.size > 0;
  }

  private _say(message: JSONObject): void {
    if (this._socket?.readyState === 1) {
      this._socket.send(JSON.stringify(message));
    } else if (!this._socket && this._wanted() && this._timer === undefined) {
      this._open();
    }
  }

  private _following(followed: Followed): JSONObject {
    const { ref, offsets } = followed;
    followed.heard = [];
    return { follow: ref.run, folder: ref.folder, offsets };
  }

  private _open(): void {
    window.clearTimeout(this._timer);
    this._timer = undefined;
    const { wsUrl, appendToken, token, WebSocket } = this._settings;
    const url = URLExt.join(wsUrl, 'jupyter-mlops/api/stream');
    const socket = new WebSocket(appendToken && token ? `${url}?token=${encodeURIComponent(token)}` : url);
    this._socket = socket;
    socket.onopen = () => {
      this._pause = FIRST_PAUSE_MS;
      this._setConnected(true);
      this._watched.forEach((_, folder) => this._say({ watch: folder }));
      this._followed.forEach(followed => this._say(this._following(followed)));
    };
    socket.onmessage = event => {
      // What a closed one still gets is not for who follows now.
      if (this._socket === socket) {
        this._hear(String(event.data));
      }
    };
    socket.onclose = () => this._lost(socket);
  }

  private _lost(socket: WebSocket): void {
    if (this._socket !== socket) {
      return;
    }
    this._socket = null;
    if (this._wanted()) {
      this._setConnected(false);
      // Half of the pause is random, so that a hundred browsers do not come back at the same moment.
      this._timer = window.setTimeout(() => this._open(), this._pause * (0.5 + Math.random() / 2));
      this._pause = Math.min(this._pause * 2, LONGEST_PAUSE_MS);
    }
  }

  private _hear(text: string): void {
    const said = objectOf(text);
    const followed = this._followed.get(String(said.run));
    if (followed) {
      this._hearOf(followed, said);
    } else if (Array.isArray(said.runs) && typeof said.folder === 'string') {
      const runs = said.runs.filter(isObject) as unknown as ListedRun[];
      this._folderNews.emit({ folder: said.folder, runs });
    }
  }

  /** Many events come in parts, and offsets with the last one: told before, they would be told again after a break. */
  private _hearOf(followed: Followed, said: JSONObject): void {
    const { run } = followed.ref;
    if (Array.isArray(said.events)) {
      followed.heard.push(...(said.events.filter(isObject) as RunEvent[]));
    }
    if (said.deleted === true) {
      this._runNews.emit({ run, events: [], deleted: true });
    } else if (isObject(said.offsets)) {
      const events = followed.heard;
      followed.heard = [];
      followed.offsets = said.offsets;
      this._runNews.emit({ run, events, deleted: false });
    }
  }

  private _rest(): void {
    if (!this._wanted()) {
      this._close();
    }
  }

  private _close(): void {
    window.clearTimeout(this._timer);
    this._timer = undefined;
    const socket = this._socket;
    this._socket = null;
    socket?.close();
    this._setConnected(true);
  }

  private _setConnected(connected: boolean): void {
    if (connected !== this._connected) {
      this._connected = connected;
      this._connectedChanged.emit(connected);
    }
  }

  private _socket: WebSocket | null = null;
  private _timer: number | undefined = undefined;
  private _pause = FIRST_PAUSE_MS;
  private _connected = true;
  private _disposed = false;
  private _followed = new Map<string, Followed>();
  private _watched = new Map<string, number>();
  private _runNews = new Signal<this, RunNews>(this);
  private _folderNews = new Signal<this, { folder: string; runs: ListedRun[] }>(this);
  private _connectedChanged = new Signal<this, boolean>(this);
}

/** What a message says; nothing, if it is no object. */
function objectOf(text: string): JSONObject {
  try {
    const said: JSONValue = JSON.parse(text);
    return isObject(said) ? said : {};
  } catch {
    return {};
  }
}

function isObject(value: JSONValue | undefined): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Something that does its work the first time that it is disposed, and only then. */
export function once(work: () => void): IDisposable {
  let disposed = false;
  return {
    get isDisposed() {
      return disposed;
    },
    dispose: () => {
      if (!disposed) {
        disposed = true;
        work();
      }
    }
  };
}
