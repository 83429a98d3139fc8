import { beforeEach, describe, expect, it } from 'vitest';
import { RunRows } from '../../src/home/runRows';
import { runNumber, runsDown } from './fixtures';

let rows: RunRows;
const all = runsDown(1000);

beforeEach(() => {
  rows = new RunRows();
  rows.reset(all.slice(0, 200), 1000);
});

describe('a long list of runs', () => {
  it('has as many rows as there are runs, of which only some are here', () => {
    expect([rows.length, rows.known.length, rows.at(500)]).toEqual([1000, 200, undefined]);
  });

  it('takes a page to its place', () => {
    expect(rows.place(400, all.slice(400, 600), 1000)).toBe(true);
    expect(rows.at(450)).toBe(all[450]);
    expect(rows.indexOf(all[450].run)).toBe(450);
  });

  it('refuses a page of a list with another length: its places are others', () => {
    expect(rows.place(400, all.slice(400, 600), 1001)).toBe(false);
    expect(rows.at(450)).toBeUndefined();
  });

  it('forgets all but what was asked again', () => {
    rows.renew(300, all.slice(300, 500), 990);
    expect([rows.length, rows.known.length, rows.at(0)]).toEqual([990, 200, undefined]);
    expect(rows.at(300)).toBe(all[300]);
  });

  it('keeps its length when what was asked again lies behind its new end', () => {
    rows.renew(900, [], 100);
    expect([rows.length, rows.known.length]).toEqual([100, 0]);
  });
});

describe('news of a list of all runs, newest first', () => {
  it('put new runs at the top and keep the others in order', () => {
    const news = [runNumber(1002), runNumber(1001), ...all.slice(0, 48)];
    expect(rows.merge(news, true)).toEqual({ changed: true, added: 2, unplaced: false });
    expect([rows.length, rows.at(0)?.run, rows.at(2)]).toEqual([1002, news[0].run, all[0]]);
  });

  it('replace a run that has changed and no other', () => {
    const done = { ...all[3], state: 'failed' as const };
    const news = [...all.slice(0, 3), done, ...all.slice(4, 50)].map(run => ({ ...run }));
    expect(rows.merge(news, true)).toEqual({ changed: true, added: 0, unplaced: false });
    expect([rows.at(3)?.state, rows.at(4)]).toEqual(['failed', all[4]]);
  });

  it('say that nothing changed if nothing did', () => {
    const news = all.slice(0, 50).map(run => ({ ...run }));
    expect(rows.merge(news, true)).toEqual({ changed: false, added: 0, unplaced: false });
  });

  it('take away what somebody else has deleted', () => {
    const merged = rows.merge([all[0], ...all.slice(2, 51)], true);
    expect(merged).toEqual({ changed: true, added: 0, unplaced: true });
    expect([rows.length, rows.at(1)]).toEqual([999, all[2]]);
  });

  it('ask for the list again if more came than the news tell', () => {
    const news = Array.from({ length: 50 }, (_, index) => runNumber(2000 - index));
    expect(rows.merge(news, true)).toMatchObject({ added: 0, unplaced: true });
  });

  it('ask for the list again if its top is not here', () => {
    rows.renew(500, all.slice(500, 700), 1000);
    expect(rows.merge(all.slice(0, 50), true)).toMatchObject({ added: 0, unplaced: true });
  });
});

describe('news of a list that is filtered or sorted', () => {
  it('replace what is here, and ask again where a new run belongs', () => {
    const done = { ...all[0], state: 'failed' as const };
    expect(rows.merge([runNumber(1001), done], false)).toEqual({ changed: true, added: 0, unplaced: true });
    expect([rows.length, rows.at(0)?.state]).toEqual([1000, 'failed']);
  });
});
