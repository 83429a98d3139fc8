import { nullTranslator } from '@jupyterlab/translation';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/api/failure';
import { fixedColumns } from '../../src/home/columns';
import { NO_FILTERS } from '../../src/home/filters';
import { RunsModel } from '../../src/home/runsModel';
import { FakeServer, runNumber, runsDown } from './fixtures';

const [STATE, , , STARTED, SECONDS] = fixedColumns(nullTranslator.load(''));
let server: FakeServer;
let model: RunsModel;

beforeEach(async () => {
  vi.useFakeTimers();
  server = new FakeServer(runsDown(1000));
  model = new RunsModel('work', server.client, server.stream.asStream);
  await vi.runAllTimersAsync();
});

afterEach(() => {
  model.dispose();
  vi.useRealTimers();
});

describe('the list of runs', () => {
  it('begins with one page of the project, newest first', () => {
    expect(server.asked).toEqual([{ folder: 'work', query: '', limit: 200, offset: 0 }]);
    expect([model.rows.length, model.rows.known.length, model.loading]).toEqual([1000, 200, false]);
  });

  it('loads the pages that are looked at, each once, and only where the scrolling rests', async () => {
    server.asked.length = 0;
    model.show({ first: 300, last: 340 });
    model.show({ first: 590, last: 630 });
    await vi.runAllTimersAsync();
    model.show({ first: 600, last: 640 });
    await vi.runAllTimersAsync();
    expect(server.asked.map(query => query.offset)).toEqual([400, 600]);
    expect(model.rows.at(610)).toBe(server.runs[610]);
  });

  it('is asked for again where it is looked at if it has become longer meanwhile', async () => {
    server.runs = [runNumber(1001), ...server.runs];
    model.show({ first: 500, last: 540 });
    await vi.runAllTimersAsync();
    expect([model.rows.length, model.rows.at(510)?.run]).toEqual([1001, server.runs[510].run]);
  });
});

describe('pages that cannot be had', () => {
  beforeEach(() => {
    // A table asks for what it shows each time that it is drawn.
    model.changed.connect(() => model.show({ first: 400, last: 440 }));
    server.asked.length = 0;
  });

  it('are not asked for over and over', async () => {
    server.failure = new Failure('unreachable', 'No server.');
    model.show({ first: 400, last: 440 });
    await vi.advanceTimersByTimeAsync(5000);
    expect([server.asked.length, model.failure?.message]).toEqual([1, 'No server.']);
  });

  it('are asked for again when one looks elsewhere, or when the connection is back', async () => {
    server.failure = new Failure('unreachable', 'No server.');
    model.show({ first: 400, last: 440 });
    await vi.advanceTimersByTimeAsync(100);
    server.failure = null;
    server.stream.connectedChanged.emit(true);
    await vi.advanceTimersByTimeAsync(5000);
    expect([model.rows.at(410)?.run, model.failure]).toEqual([server.runs[410].run, null]);
  });

  it('are asked for once while the list is asked for anew, when it has another length', async () => {
    server.runs = [runNumber(1001), ...server.runs];
    model.show({ first: 400, last: 440 });
    await vi.advanceTimersByTimeAsync(1900);
    expect(server.asked.length).toBeLessThanOrEqual(2);
  });
});

describe('sorting', () => {
  it('goes one way, the other way, and back to newest first', async () => {
    const orders: unknown[] = [];
    for (let press = 0; press < 3; press++) {
      await model.sortBy(SECONDS);
      orders.push(server.asked[server.asked.length - 1].order_by);
    }
    expect(orders).toEqual(['seconds desc', 'seconds', undefined]);
  });

  it('by text begins with A', async () => {
    await model.sortBy(STATE);
    expect(model.order).toEqual({ column: 'state', key: 'state', descending: false });
  });

  it('by the start goes the other way at once, as newest first is what is shown without', async () => {
    await model.sortBy(STARTED);
    expect(model.order?.descending).toBe(false);
    await model.sortBy(STARTED);
    expect(model.order).toBeNull();
  });
});

describe('filtering', () => {
  it('asks the server, and selects nothing', async () => {
    model.selection.only(0);
    await model.filter({ ...NO_FILTERS, text: 'metrics.acc > 0.9', states: ['failed'] });
    expect(server.asked[server.asked.length - 1].query).toBe("(metrics.acc > 0.9) and state in ('failed')");
    expect(model.selection.ids.size).toBe(0);
  });

  it('keeps the list and tells what is wrong with the text, by its own positions', async () => {
    server.find = query => {
      throw new Failure('usage', `wrong in ${query.query}`, 'Write otherwise.', 400);
    };
    await model.filter({ ...NO_FILTERS, text: 'acc >', states: ['failed'] });
    expect(model.queryFailure?.message).toBe('wrong in acc >');
    expect([model.failure, model.rows.length]).toEqual([null, 1000]);
  });

  it('tells a lost connection as such, and not as a wrong filter', async () => {
    server.failure = new Failure('unreachable', 'No server.');
    await model.filter({ ...NO_FILTERS, text: 'acc > 1' });
    expect([model.failure?.message, model.queryFailure]).toEqual(['No server.', null]);
  });

  it('tells of one fault at a time: that of the last question', async () => {
    server.find = query => {
      throw new Failure('usage', `wrong in ${query.query}`, 'Write otherwise.', 400);
    };
    await model.filter({ ...NO_FILTERS, text: 'acc >' });
    server.failure = new Failure('unreachable', 'No server.');
    await model.load();
    expect([model.failure?.message, model.queryFailure]).toEqual(['No server.', null]);
    server.failure = null;
    await model.load();
    expect([model.failure, model.queryFailure?.message]).toEqual([null, 'wrong in acc >']);
  });

  it('forgets what was wrong with a text that was mended meanwhile', async () => {
    let answer = (): void => undefined;
    server.find = ({ query = '' }) => {
      if (query.includes('acc >')) {
        throw new Failure('usage', 'wrong', 'Write otherwise.', 400);
      }
      return server.runs;
    };
    const alone = new Promise<void>(done => (answer = done));
    server.first = ({ query }) => (query === 'acc >' ? alone : null);
    const wrong = model.filter({ ...NO_FILTERS, text: 'acc >', states: ['failed'] });
    await vi.advanceTimersByTimeAsync(10);
    await model.filter({ ...NO_FILTERS, text: 'acc != none', states: ['failed'] });
    answer();
    await wrong;
    expect(model.queryFailure).toBeNull();
  });

  it('shows the answer of the last question, whichever comes last', async () => {
    let answer = (): void => undefined;
    server.before = ({ query }) => (query === 'slow' ? new Promise(done => (answer = done)) : null);
    const slow = model.filter({ ...NO_FILTERS, text: 'slow' });
    server.runs = runsDown(3);
    await model.filter({ ...NO_FILTERS, text: 'fast' });
    answer();
    await slow;
    expect([model.rows.length, model.filters.text]).toEqual([3, 'fast']);
  });
});

describe('news', () => {
  it('of new runs come at the top, and move what is selected with them', () => {
    model.selection.moveTo(4);
    server.stream.tell([runNumber(1001), ...server.runs.slice(0, 49)], 'work');
    expect([model.rows.length, model.addedAbove, model.selection.active]).toEqual([1001, 1, 5]);
  });

  it('that come while a list is awaited are not lost', async () => {
    let answer = (): void => undefined;
    server.before = () => new Promise(done => (answer = done));
    const loading = model.load();
    await vi.advanceTimersByTimeAsync(1);
    server.before = () => null;
    server.runs = [runNumber(1001), ...server.runs];
    server.stream.tell(server.runs.slice(0, 50), 'work');
    answer();
    await loading;
    await vi.runAllTimersAsync();
    expect(model.rows.at(0)?.created).toBe(1001);
  });

  it('of another folder are not heard', () => {
    server.stream.tell([runNumber(1001), ...server.runs.slice(0, 49)], 'elsewhere');
    expect(model.rows.length).toBe(1000);
  });

  it('of the first run of a project load the list', async () => {
    server.runs = [];
    await model.load();
    server.runs = [runNumber(1)];
    server.stream.tell(server.runs, 'work');
    await vi.runAllTimersAsync();
    expect(model.rows.known).toEqual(server.runs);
  });

  it('are asked for after a lost connection is back', async () => {
    server.runs = runsDown(1003);
    server.stream.connectedChanged.emit(true);
    await vi.runAllTimersAsync();
    expect(model.rows.length).toBe(1003);
  });
});

it('a run that was deleted leaves the list, and the list is asked for again', async () => {
  const [first, ...others] = server.runs;
  model.selection.only(0);
  server.runs = others;
  model.forget(first.run);
  expect([model.rows.length, model.selection.ids.size]).toEqual([999, 0]);
  server.asked.length = 0;
  await vi.runAllTimersAsync();
  expect([server.asked.length, model.rows.indexOf(first.run), model.rows.at(0)]).toEqual([1, -1, others[0]]);
});

it('after its end it watches nothing and hears nothing', () => {
  model.dispose();
  server.stream.tell([runNumber(1001), ...server.runs.slice(0, 49)], 'work');
  expect([server.stream.watched, model.rows.length]).toEqual([[], 1000]);
});
