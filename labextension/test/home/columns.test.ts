import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { betterOf, columnsOf, factsOf, sameInAll, shortRun } from '../../src/home/columns';
import { runNumber } from './fixtures';

const trans = nullTranslator.load('');
const runs = [
  runNumber(3, { params: { model: 'rf', folds: 5, lr: 0.1 }, metrics: { acc: 0.9, loss: 0.2 } }),
  runNumber(2, { params: { model: 'svm', folds: 5, lr: 0.2 }, metrics: { acc: 0.8, loss: 0.1 } }),
  runNumber(1, { params: { model: 'rf', folds: 5 }, metrics: { acc: null, loss: 0.3 } })
];
const ids = (...args: [typeof runs, object?, number?]): string[] =>
  columnsOf(args[0], factsOf(args[0]), (args[1] ?? {}) as never, args[2] ?? 8, trans).map(column => column.id);

describe('what differs', () => {
  it('gets a column, metrics first; what only some runs have differs too', () => {
    expect(ids(runs)).toEqual([
      ...['state', 'run', 'pipeline', 'started', 'seconds'],
      ...['metrics.acc', 'metrics.loss', 'params.lr', 'params.model', 'notebook']
    ]);
  });

  it('only because some runs do not have it comes last', () => {
    const some = [runNumber(3, { params: { a: 1, z: 1 }, metrics: { rare: 1 } }), runNumber(2, { params: { z: 2 } })];
    expect(factsOf(some).map(fact => fact.name)).toEqual(['z', 'rare', 'a']);
  });

  it('is compared by content: equal lists are the same', () => {
    const lists = [runNumber(2, { params: { sizes: [1, 2] } }), runNumber(1, { params: { sizes: [1, 2] } })];
    expect(factsOf(lists)[0].same).toEqual([1, 2]);
  });

  it('leaves what is the same for one line', () => {
    const facts = factsOf(runs);
    expect(sameInAll(facts, columnsOf(runs, facts, {}, 8, trans)).map(fact => [fact.name, fact.same])).toEqual([
      ['folds', 5]
    ]);
  });

  it('gets no more columns than wanted, but all that were chosen', () => {
    const shown = ids(runs, { 'params.model': true }, 1);
    expect(shown.filter(id => id.includes('.'))).toEqual(['metrics.acc', 'params.model']);
  });
});

describe('columns that were chosen', () => {
  it('are shown though they are the same, and not shown though they differ', () => {
    const shown = ids(runs, { 'params.folds': true, 'metrics.acc': false, notebook: false });
    expect(shown).toContain('params.folds');
    expect(shown).not.toContain('metrics.acc');
    expect(shown).not.toContain('notebook');
  });
});

it('the user is shown if there are several', () => {
  expect(ids(runs)).not.toContain('user');
  expect(ids([...runs, runNumber(4, { user: 'bob' })])).toContain('user');
});

describe('a column of a parameter or metric', () => {
  const column = (id: string): ReturnType<typeof columnsOf>[0] | undefined =>
    columnsOf(runs, factsOf(runs), {}, 8, trans).find(item => item.id === id);

  it('is one of numbers only if all values are', () => {
    expect([column('params.lr')?.isNumber, column('params.model')?.isNumber]).toEqual([true, false]);
    expect(column('metrics.acc')?.isNumber).toBe(true);
  });

  it('is sorted by its name in quotes, whatever is in it', () => {
    const odd = [runNumber(2, { params: { 'a "b" c': 1 } }), runNumber(1)];
    const [fact] = factsOf(odd);
    const found = columnsOf(odd, [fact], {}, 8, trans).find(item => item.fact);
    expect(found?.key).toBe('params."a ""b"" c"');
  });

  it('knows the best value by the name of the metric', () => {
    expect([column('metrics.acc')?.fact?.best, column('metrics.loss')?.fact?.best]).toEqual([0.9, 0.1]);
    expect(column('params.lr')?.fact?.best).toBeNull();
  });
});

it('names tell what is better, or nothing', () => {
  expect(['val_acc', 'test loss', 'rmse', 'f1.macro', 'count', 'classes'].map(betterOf)).toEqual([
    ...['more', 'less', 'less', 'more'],
    ...[null, null]
  ]);
});

it('a run is shortened to its end: its beginning is the time', () => {
  expect(shortRun('01a1ff39-4a18-700f-9f7f-5772ababa803')).toBe('ababa803');
});
