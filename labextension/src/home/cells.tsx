import { TranslationBundle } from '@jupyterlab/translation';
import { JSONValue } from '@lumino/coreutils';
import * as React from 'react';
import { ListedRun } from '../api/shapes';
import { durationText, valueText, whenText } from '../ui/looks';
import { StateMark } from '../ui/marks';
import { Column, Fact, shortRun } from './columns';

/** What a cell of the table shows. `now` in seconds. */
export function cellContent(column: Column, run: ListedRun, now: number, trans: TranslationBundle): React.ReactNode {
  if (column.fact) {
    return factContent(column.fact, run, trans);
  }
  switch (column.id) {
    case 'state':
      return <StateMark state={run.state} trans={trans} />;
    case 'run':
      return shortRun(run.run);
    case 'pipeline':
      return run.pipeline;
    case 'started':
      return dateText(run.started ?? run.created, now, trans);
    case 'seconds':
      return durationText(secondsOf(run, now));
    case 'notebook':
      return run.notebook ?? '';
    default:
      return run.user;
  }
}

function factContent(fact: Fact, run: ListedRun, trans: TranslationBundle): React.ReactNode {
  const value = valueOf(fact, run);
  if (value === undefined) {
    return '';
  }
  const text = value === null && fact.isMetric ? trans.__('not a number') : valueText(value);
  return fact.best !== null && value === fact.best ? <Best text={text} trans={trans} /> : text;
}

function valueOf(fact: Fact, run: ListedRun): JSONValue | undefined {
  return fact.isMetric ? run.metrics[fact.name] : run.params[fact.name];
}

/** The whole value of a cell where it may be cut: what the pointer shows. */
export function cellTitle(column: Column, run: ListedRun): string | undefined {
  if (column.fact) {
    const value = valueOf(column.fact, run);
    return value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
  }
  switch (column.id) {
    case 'state':
      return run.reason || undefined;
    case 'run':
      return run.run;
    case 'started':
      return new Date((run.started ?? run.created) * 1000).toLocaleString();
    case 'pipeline':
      return `${run.pipeline} (${run.experiment})`;
    case 'notebook':
      return run.notebook ?? undefined;
    default:
      return undefined;
  }
}

/** How long a run took or, if it is not over, takes until now. */
export function secondsOf(run: ListedRun, now: number): number | null {
  if (run.seconds !== null || run.started === null || run.finished !== null) {
    return run.seconds;
  }
  return Math.max(now - run.started, 0);
}

/** The best value of a metric: a star beside it, and words for it. */
function Best(props: { text: string; trans: TranslationBundle }): React.ReactElement {
  const words = props.trans.__('best of the runs that are loaded');
  return (
    <span className="jp-mlops-HomeBest" title={words}>
      <span role="img" aria-label={words}>
        ★
      </span>{' '}
      {props.text}
    </span>
  );
}

const DATE = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
const OLD_DATE = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: 'numeric' });
const HOUR_S = 3600;
const DAY_S = 86400;

/** `5 min ago`, after an hour date and time, after half a year the date with its year; short enough for a column. */
function dateText(at: number, now: number, trans: TranslationBundle): string {
  if (now - at < HOUR_S) {
    return whenText(at, now, trans);
  }
  return (now - at < 180 * DAY_S ? DATE : OLD_DATE).format(at * 1000);
}
