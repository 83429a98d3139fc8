import { ServerConnection } from '@jupyterlab/services';
import { ClientWords } from '../../src/api/client';

/** What a test's server answers: JSON, or a text of another kind. */
export interface Answer {
  status?: number;
  json?: unknown;
  text?: string;
}

export const WORDS: ClientWords = {
  unreachable: ['It cannot be reached.', 'Start it.'],
  loggedOut: ['You may not.', 'Log in.'],
  missing: ['It is not there.', 'Install it.']
};

/** A server at the seam that JupyterLab has for it: `fetch` and `WebSocket` of the connection's settings. */
export class FakeServer {
  /** Every request: `GET runs/1?folder=x`, and its body. */
  readonly asked: { what: string; body: unknown; signal: AbortSignal | null | undefined }[] = [];
  readonly sockets: FakeSocket[] = [];
  /** Answers a request; throws where there is no connection. */
  answer: (what: string, body: unknown) => Answer | Promise<Answer> = () => ({ json: {} });
  readonly settings: ServerConnection.ISettings;

  constructor(options: { token?: string; appendToken?: boolean } = {}) {
    const sockets = this.sockets;
    this.settings = ServerConnection.makeSettings({
      baseUrl: 'http://lab.test/user/alice/',
      wsUrl: 'ws://lab.test/user/alice/',
      token: options.token ?? '',
      appendToken: options.appendToken ?? false,
      Request: FakeRequest as unknown as typeof Request,
      fetch: ((request: FakeRequest) => this._fetch(request)) as unknown as typeof fetch,
      WebSocket: class extends FakeSocket {
        constructor(url: string) {
          super(url);
          sockets.push(this);
        }
      } as unknown as typeof WebSocket
    });
  }

  /** The socket that was opened last. */
  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1];
  }

  private async _fetch(request: FakeRequest): Promise<Response> {
    const what = `${request.init.method ?? 'GET'} ${request.url.replace(/^.*jupyter-mlops\/api\//, '')}`;
    const body = typeof request.init.body === 'string' ? JSON.parse(request.init.body) : undefined;
    this.asked.push({ what, body, signal: request.init.signal });
    const { status = 200, json, text } = await this.answer(what, body);
    const content = status === 204 ? null : (text ?? JSON.stringify(json));
    return new Response(content, { status });
  }
}

/** A WebSocket whose other end is the test. */
export class FakeSocket {
  readyState = 0;
  readonly said: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor(readonly url: string) {}

  send(text: string): void {
    this.said.push(JSON.parse(text));
  }

  /** The server lets it in. */
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  /** The server says something. */
  hear(message: unknown): void {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  /** Closed, from either end. */
  close(): void {
    if (this.readyState !== 3) {
      this.readyState = 3;
      this.onclose?.();
    }
  }
}

/** Keeps what a request is made of: Node's own takes no signal of jsdom. */
class FakeRequest {
  readonly headers = new Headers();

  constructor(
    readonly url: string,
    readonly init: RequestInit
  ) {}
}
