import { beforeEach, describe, expect, it } from 'vitest';
import { Client } from '../../src/api/client';
import { Failure } from '../../src/api/failure';
import { Answer, FakeServer, WORDS } from '../fakes/server';

const REF = { run: 'r 1', folder: 'a b/work.ipynb' };

let server: FakeServer;
let client: Client;

beforeEach(() => {
  server = new FakeServer();
  client = new Client(server.settings, WORDS);
});

async function failureOf(answer: Answer): Promise<Failure> {
  server.answer = () => answer;
  return client.health().then(
    () => expect.fail('it should fail'),
    (thrown: unknown) => thrown as Failure
  );
}

describe('requests', () => {
  it('name runs, tasks and folders so that the server reads what was meant', async () => {
    await client.log(REF, 'train[2]/x', 0, 10);
    await client.diff(REF, '../2');
    await client.preview(REF, '../../contents');
    await client.runs({ folder: '', query: "params.a = 'ä&b'", limit: 5, offset: 0, notebook: undefined });
    expect(server.asked.map(item => item.what)).toEqual([
      'GET runs/r%201/tasks/train%5B2%5D%2Fx/log?folder=a+b%2Fwork.ipynb&start=0&limit=10',
      'GET runs/r%201/diff/..%2F2?folder=a+b%2Fwork.ipynb',
      'GET runs/r%201/artifacts/..%2F..%2Fcontents?folder=a+b%2Fwork.ipynb&preview=true',
      'GET runs?query=params.a+%3D+%27%C3%A4%26b%27&limit=5&offset=0'
    ]);
  });

  it('carry what is posted as JSON', async () => {
    server.answer = () => ({ status: 201, json: { run: 'new' } });
    expect(await client.start({ path: 'work.ipynb', params: { lr: 0.1 }, target: 'local' })).toBe('new');
    expect(server.asked[0]).toMatchObject({
      what: 'POST runs',
      body: { path: 'work.ipynb', params: { lr: 0.1 }, target: 'local' }
    });
  });

  it('take an answer without content', async () => {
    server.answer = () => ({ status: 204 });
    await expect(client.delete(REF)).resolves.toBeUndefined();
    expect(server.asked[0].what).toBe('DELETE runs/r%201?folder=a+b%2Fwork.ipynb');
  });

  it('ask to retry with the kernel of the notebook', async () => {
    server.answer = () => ({ status: 202, json: {} });
    await client.retry(REF, 'python3');
    await client.cancel({ run: 'r', folder: '' });
    expect(server.asked.map(item => item.what)).toEqual([
      'POST runs/r%201/retry?folder=a+b%2Fwork.ipynb&kernel=python3',
      'POST runs/r/cancel?'
    ]);
  });

  it('give lists without what is around them', async () => {
    server.answer = what => ({
      json: what.startsWith('GET targets')
        ? { targets: [{ name: 'local' }], default: 'local', purposes: {} }
        : what.includes('metrics')
          ? { metrics: { loss: [] } }
          : { artifacts: [{ name: 'model' }] }
    });
    expect((await client.targets('a')).targets).toEqual([{ name: 'local' }]);
    expect(await client.metrics(REF)).toEqual({ loss: [] });
    expect(await client.artifacts(REF)).toEqual([{ name: 'model' }]);
  });

  it('give a file as it is', async () => {
    server.answer = () => ({ text: 'bytes' });
    expect(await (await client.download(REF, 'abc')).text()).toBe('bytes');
  });
});

describe('a failure', () => {
  it('is what the server said', async () => {
    const failure = await failureOf({ status: 409, json: { code: 'conflict', message: 'It runs.', hint: 'Stop it.' } });
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'conflict', message: 'It runs.', hint: 'Stop it.', status: 409 });
  });

  it('without a hint has none', async () => {
    expect(await failureOf({ status: 404, json: { code: 'not_found', message: 'No run.' } })).toMatchObject({
      code: 'not_found',
      message: 'No run.',
      hint: ''
    });
  });

  it.each([
    ['a refusal without JSON', { status: 403, text: '<html>' }],
    ['a refusal by the server around ours', { status: 403, json: { message: 'Forbidden', reason: null } }],
    ['a refusal that says no way out', { status: 403, json: { code: 'forbidden', message: 'Forbidden', hint: '' } }],
    ['no login at all', { status: 401, text: '' }],
    ['a page to log in', { status: 200, text: '<html>Log in</html>' }]
  ])('says how to log in again: %s', async (_, answer) => {
    expect(await failureOf(answer)).toMatchObject({ code: 'forbidden', message: 'You may not.', hint: 'Log in.' });
  });

  it('says what is missing where the server has no such part', async () => {
    const missing = { code: 'missing', message: 'It is not there.', hint: 'Install it.', status: 404 };
    expect(await failureOf({ status: 404, text: '<html>' })).toMatchObject(missing);
    expect(await failureOf({ status: 404, json: { message: 'Not Found' } })).toMatchObject(missing);
  });

  it('of another kind has at least a status', async () => {
    expect(await failureOf({ status: 502, text: 'Bad Gateway' })).toMatchObject({ code: 'refused', message: '502' });
    expect(await failureOf({ status: 500, json: ['odd'] })).toMatchObject({ code: 'refused', status: 500 });
  });

  it('says that there is no connection', async () => {
    server.answer = () => {
      throw new TypeError('Failed to fetch');
    };
    await expect(client.contexts()).rejects.toMatchObject({
      code: 'unreachable',
      message: 'It cannot be reached.',
      hint: 'Start it.',
      status: 0
    });
  });

  it('says when the request was given up', async () => {
    const giving = new AbortController();
    server.answer = () => {
      giving.abort();
      throw new DOMException('aborted', 'AbortError');
    };
    await expect(client.analyse('a.ipynb', {}, giving.signal)).rejects.toMatchObject({ code: 'aborted' });
    expect(server.asked[0].signal).toBe(giving.signal);
  });

  it('says when the answer was given up half way', async () => {
    const giving = new AbortController();
    server.answer = () => {
      giving.abort();
      return { text: '{"half": ' };
    };
    await expect(client.analyse('a.ipynb', {}, giving.signal)).rejects.toMatchObject({ code: 'aborted' });
  });
});
