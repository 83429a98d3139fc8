import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ListedRun } from '../../src/api/shapes';
import { EventStream, once, RunNews } from '../../src/api/stream';
import { FakeServer } from '../fakes/server';

const REF = { run: 'one', folder: 'work.ipynb' };

let server: FakeServer;
let stream: EventStream;
let runNews: RunNews[];
let folderNews: { folder: string; runs: ListedRun[] }[];
let connected: boolean[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1);
  listen(new FakeServer());
});

afterEach(() => {
  stream.dispose();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function listen(to: FakeServer): void {
  server = to;
  stream = new EventStream(server.settings);
  [runNews, folderNews, connected] = [[], [], []];
  stream.runNews.connect((_, news) => void runNews.push(news));
  stream.folderNews.connect((_, news) => void folderNews.push(news));
  stream.connectedChanged.connect((_, is) => void connected.push(is));
}

function event(type: string): { type: string; at: number } {
  return { type, at: 1 };
}

describe('the connection', () => {
  it('is open only while somebody listens', () => {
    expect(server.sockets).toEqual([]);
    const first = stream.follow(REF);
    const second = stream.watch('');
    server.socket.open();
    first.dispose();
    expect(server.socket.readyState).toBe(1);
    second.dispose();
    expect(server.socket.readyState).toBe(3);
    vi.runAllTimers();
    expect(server.sockets).toHaveLength(1);
    expect(stream.connected).toBe(true);
  });

  it('is below the base address, with the token only where cookies do not do', () => {
    stream.watch('');
    expect(server.socket.url).toBe('ws://lab.test/user/alice/jupyter-mlops/api/stream');
    stream.dispose();
    listen(new FakeServer({ token: 'a&b', appendToken: true }));
    stream.watch('');
    expect(server.socket.url).toMatch(/stream\?token=a%26b$/);
  });

  it('comes back after a break, later each time, and quickly again after a success', () => {
    stream.follow(REF);
    for (const pause of [500, 1000, 2000, 4000, 8000, 15000, 15000]) {
      const before = server.sockets.length;
      server.socket.close();
      vi.advanceTimersByTime(pause - 1);
      expect(server.sockets).toHaveLength(before);
      vi.advanceTimersByTime(1);
      expect(server.sockets).toHaveLength(before + 1);
    }
    server.socket.open();
    server.socket.close();
    vi.advanceTimersByTime(500);
    expect(server.sockets).toHaveLength(9);
  });

  it('tells when it is lost and there again, once each', () => {
    stream.follow(REF);
    server.socket.open();
    expect(connected).toEqual([]);
    server.socket.close();
    expect(stream.connected).toBe(false);
    vi.advanceTimersByTime(500);
    server.socket.close();
    vi.advanceTimersByTime(1000);
    server.socket.open();
    expect(connected).toEqual([false, true]);
  });

  it('can be had at once instead of after the pause', () => {
    stream.follow(REF);
    server.socket.close();
    stream.reconnect();
    expect(server.sockets).toHaveLength(2);
    server.socket.open();
    vi.runAllTimers();
    expect(server.sockets).toHaveLength(2);
    stream.reconnect();
    expect(server.sockets).toHaveLength(2);
  });

  it('does not come back when nobody waits for it', () => {
    stream.follow(REF).dispose();
    stream.watch('a');
    server.socket.close();
    stream.dispose();
    stream.reconnect();
    vi.runAllTimers();
    expect(server.sockets).toHaveLength(2);
  });
});

describe('a followed run', () => {
  it('is asked for once the connection is there, and told', () => {
    stream.follow(REF);
    server.socket.open();
    expect(server.socket.said).toEqual([{ follow: 'one', folder: 'work.ipynb', offsets: {} }]);
    server.socket.hear({ run: 'one', events: [event('run.created')], offsets: { a: 1 } });
    expect(runNews).toEqual([{ run: 'one', events: [event('run.created')], deleted: false }]);
  });

  it('is asked for from where it was heard, after a break', () => {
    stream.follow(REF);
    server.socket.open();
    server.socket.hear({ run: 'one', events: [event('run.created')], offsets: { a: 7 } });
    server.socket.close();
    vi.advanceTimersByTime(500);
    server.socket.open();
    expect(server.socket.said).toEqual([{ follow: 'one', folder: 'work.ipynb', offsets: { a: 7 } }]);
  });

  it('is told nothing twice if the connection breaks between the parts of many events', () => {
    stream.follow(REF);
    server.socket.open();
    server.socket.hear({ run: 'one', events: [event('a')] });
    server.socket.close();
    vi.advanceTimersByTime(500);
    server.socket.open();
    server.socket.hear({ run: 'one', events: [event('a')] });
    server.socket.hear({ run: 'one', events: [event('b')], offsets: { a: 2 } });
    expect(runNews.flatMap(news => news.events.map(item => item.type))).toEqual(['a', 'b']);
  });

  it('is told from its beginning to who follows it anew, whatever an older connection still says', () => {
    stream.follow(REF).dispose();
    const old = server.socket;
    stream.follow(REF);
    old.hear({ run: 'one', events: [event('late')], offsets: { a: 9 } });
    server.socket.open();
    expect(runNews).toEqual([]);
    expect(server.socket.said).toEqual([{ follow: 'one', folder: 'work.ipynb', offsets: {} }]);
  });

  it('is told to be deleted', () => {
    stream.follow(REF);
    server.socket.open();
    server.socket.hear({ run: 'one', deleted: true });
    expect(runNews).toEqual([{ run: 'one', events: [], deleted: true }]);
  });

  it('is not told any more after its follower went, and the server is told', () => {
    stream.watch('');
    const following = stream.follow(REF);
    server.socket.open();
    following.dispose();
    following.dispose();
    expect(server.socket.said.slice(2)).toEqual([{ unfollow: 'one' }]);
    server.socket.hear({ run: 'one', events: [event('x')], offsets: {} });
    expect(runNews).toEqual([]);
  });

  it('stays with its newer follower when the older one goes', () => {
    const older = stream.follow(REF);
    stream.follow(REF);
    server.socket.open();
    older.dispose();
    server.socket.hear({ run: 'one', events: [], offsets: {} });
    expect(runNews).toHaveLength(1);
  });
});

describe('a watched folder', () => {
  it('is asked for again after a break', () => {
    stream.watch('sub');
    server.socket.open();
    server.socket.close();
    vi.advanceTimersByTime(500);
    server.socket.open();
    expect(server.socket.said).toEqual([{ watch: 'sub' }]);
  });

  it('is told when its runs change', () => {
    stream.watch('sub');
    server.socket.open();
    server.socket.hear({ folder: 'sub', runs: [{ run: 'one' }] });
    expect(folderNews).toEqual([{ folder: 'sub', runs: [{ run: 'one' }] }]);
  });

  it('is watched until the last who watches goes', () => {
    const [first, second] = [stream.watch('sub'), stream.watch('sub')];
    const other = stream.watch('other');
    server.socket.open();
    first.dispose();
    expect(server.socket.said).not.toContainEqual({ unwatch: 'sub' });
    second.dispose();
    expect(server.socket.said).toContainEqual({ unwatch: 'sub' });
    other.dispose();
    expect(server.socket.readyState).toBe(3);
  });
});

describe('rubbish on the stream', () => {
  it.each([
    '',
    '<html>',
    'null',
    '1',
    '"text"',
    '[]',
    '{}',
    '{"run": 1, "events": []}',
    '{"run": "one"}',
    '{"run": "one", "events": {}, "offsets": []}',
    '{"run": "other", "events": [], "offsets": {}}',
    '{"runs": {}, "folder": "sub"}',
    '{"runs": []}',
    '{"error": {"message": "no"}}'
  ])('is passed over: %s', text => {
    stream.follow(REF);
    server.socket.open();
    expect(() => server.socket.hear(text)).not.toThrow();
    expect([runNews, folderNews]).toEqual([[], []]);
    server.socket.hear({ run: 'one', events: [event('x')], offsets: {} });
    expect(runNews).toHaveLength(1);
  });

  it('among events and runs is left out', () => {
    stream.follow(REF);
    server.socket.open();
    server.socket.hear({ run: 'one', events: [null, 1, event('x')], offsets: {} });
    server.socket.hear({ folder: 'sub', runs: [null, 'x', { run: 'two' }] });
    expect(runNews[0].events).toEqual([event('x')]);
    expect(folderNews[0].runs).toEqual([{ run: 'two' }]);
  });
});

describe('once', () => {
  it('does its work the first time only', () => {
    const work = vi.fn();
    const thing = once(work);
    expect(thing.isDisposed).toBe(false);
    thing.dispose();
    thing.dispose();
    expect(work).toHaveBeenCalledTimes(1);
    expect(thing.isDisposed).toBe(true);
  });
});
