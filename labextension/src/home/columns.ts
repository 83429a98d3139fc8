import { TranslationBundle } from '@jupyterlab/translation';
import { JSONValue } from '@lumino/coreutils';
import { ListedRun } from '../api/shapes';

/** What is known of a parameter or metric in the runs that are here. */
export interface Fact {
  /** Its column's id: `params.NAME` or `metrics.NAME`. */
  readonly id: string;
  readonly isMetric: boolean;
  readonly name: string;
  /** The value if all runs have the same; undefined if they differ. */
  readonly same: JSONValue | undefined;
  /** Whether some runs have it, always the same, and some have not. */
  readonly isMissing: boolean;
  /** Whether all its values are numbers. */
  readonly isNumber: boolean;
  /** The best value of a metric for which its name tells what is better; else null. */
  readonly best: number | null;
}

/** A column of the table. */
export interface Column {
  readonly id: string;
  readonly label: string;
  /** What it is sorted by, in the store's language. */
  readonly key: string;
  readonly width: number;
  readonly isNumber: boolean;
  readonly fact: Fact | null;
}

/** Columns that a person has chosen to see (true) or not to see (false); for others what differs is shown. */
export type Chosen = Readonly<{ [id: string]: boolean }>;

/** Columns after those of what differs, which are looked at more. */
const LAST = ['notebook', 'user'];

/** Parameters and metrics beyond these are not looked at: a list is no place for thousands. */
const MOST_FACTS = 300;

/** What the parameters and metrics of runs are, and which differ. */
export function factsOf(runs: readonly ListedRun[]): Fact[] {
  const seen = new Map<string, Seen>();
  for (const run of runs) {
    for (const name in run.params) {
      note(seen, 'params', name, run.params[name]);
    }
    for (const name in run.metrics) {
      note(seen, 'metrics', name, run.metrics[name]);
    }
  }
  return [...seen.values()].map(item => factOf(item, runs.length)).sort(byKindAndName);
}

/** The columns to show: those that every run has, then what was chosen or differs, at most `most` of the latter. */
export function columnsOf(
  runs: readonly ListedRun[],
  facts: readonly Fact[],
  chosen: Chosen,
  most: number,
  trans: TranslationBundle
): Column[] {
  let left = most;
  const shown = facts.filter(fact => {
    const isShown = chosen[fact.id] ?? (fact.same === undefined && left > 0);
    left -= isShown && chosen[fact.id] === undefined ? 1 : 0;
    return isShown;
  });
  const hasUsers = chosen['user'] ?? runs.some(run => run.user !== runs[0].user);
  const fixed = fixedColumns(trans).filter(column => (column.id === 'user' ? hasUsers : (chosen[column.id] ?? true)));
  const isLast = (column: Column): boolean => LAST.includes(column.id);
  return [...fixed.filter(column => !isLast(column)), ...shown.map(columnOf), ...fixed.filter(isLast)];
}

/** What is the same in all runs and has no column. */
export function sameInAll(facts: readonly Fact[], columns: readonly Column[]): Fact[] {
  const shown = new Set(columns.map(column => column.id));
  return facts.filter(fact => fact.same !== undefined && !shown.has(fact.id));
}

/** The columns that do not depend on what was run. */
export function fixedColumns(trans: TranslationBundle): Column[] {
  const column = (id: string, label: string, width: number, isNumber = false): Column => ({
    id,
    label,
    key: id,
    width,
    isNumber,
    fact: null
  });
  return [
    column('state', trans.__('State'), 104),
    column('run', trans.__('Run'), 88),
    column('pipeline', trans.__('Pipeline'), 120),
    column('started', trans.__('Started'), 140),
    column('seconds', trans.__('Duration'), 96, true),
    column('notebook', trans.__('Notebook'), 144),
    column('user', trans.__('User'), 96)
  ];
}

/** The end of a run's id: its beginning is the time, and the same for runs of one day. */
export function shortRun(run: string): string {
  return run.slice(-8);
}

/** What is better: more, less, or not told by the name of the metric. */
export function betterOf(metric: string): 'more' | 'less' | null {
  const words = metric.toLowerCase().split(/[^a-z0-9]+/);
  const has = (list: readonly string[]): boolean => words.some(word => list.includes(word));
  if (
    has(['loss', 'error', 'err', 'mse', 'rmse', 'mae', 'mape', 'logloss', 'perplexity', 'wer', 'cer', 'fpr', 'fnr'])
  ) {
    return 'less';
  }
  const good = [
    'acc',
    'accuracy',
    'auc',
    'roc',
    'f1',
    'score',
    'precision',
    'recall',
    'r2',
    'map',
    'ndcg',
    'bleu',
    'iou',
    'dice'
  ];
  return has(good) ? 'more' : null;
}

interface Seen {
  id: string;
  name: string;
  isMetric: boolean;
  first: JSONValue;
  text: string;
  count: number;
  differs: boolean;
  isNumber: boolean;
  least: number;
  most: number;
}

function note(seen: Map<string, Seen>, kind: 'params' | 'metrics', name: string, value: JSONValue): void {
  const id = `${kind}.${name}`;
  let item = seen.get(id);
  if (!item) {
    if (seen.size >= MOST_FACTS) {
      return;
    }
    const isMetric = kind === 'metrics';
    const text = textOf(value);
    const numbers = { isNumber: true, least: Infinity, most: -Infinity };
    item = { id, name, isMetric, first: value, text, count: 0, differs: false, ...numbers };
    seen.set(id, item);
  }
  item.count += 1;
  item.differs = item.differs || (value !== item.first && textOf(value) !== item.text);
  if (typeof value === 'number') {
    item.least = Math.min(item.least, value);
    item.most = Math.max(item.most, value);
  } else if (value !== null || !item.isMetric) {
    item.isNumber = false;
  }
}

function factOf(item: Seen, total: number): Fact {
  const { id, name, isMetric, isNumber } = item;
  const differs = item.differs || item.count < total;
  const better = isMetric && item.most > item.least ? betterOf(name) : null;
  const best = better === null ? null : better === 'more' ? item.most : item.least;
  const isMissing = differs && !item.differs;
  return { id, name, isMetric, isNumber, isMissing, same: differs ? undefined : item.first, best };
}

function columnOf(fact: Fact): Column {
  const key = `${fact.isMetric ? 'metrics' : 'params'}."${fact.name.replace(/"/g, '""')}"`;
  const width = Math.min(Math.max(fact.name.length * 8 + 44, 104), 168);
  return { id: fact.id, label: fact.name, key, width, isNumber: fact.isNumber, fact };
}

/** Metrics first, by which runs are compared; then parameters; last what differs only because some runs do not have it. */
function byKindAndName(one: Fact, other: Fact): number {
  const rank = (fact: Fact): number => (fact.isMissing ? 2 : 0) + (fact.isMetric ? 0 : 1);
  return rank(one) - rank(other) || (one.name < other.name ? -1 : 1);
}

function textOf(value: JSONValue): string {
  return JSON.stringify(value);
}
