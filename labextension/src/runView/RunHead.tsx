import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { JSONValue } from '@lumino/coreutils';
import { Graph, MetricPoint, Run } from '../api/shapes';
import { elapsed } from '../api/clock';
import { isOver } from '../model/runModel';
import { Counts } from '../model/tasks';
import { durationText, stateWord, valueText, whenText } from '../ui/looks';
import { tickingText } from './durations';
import { countsOf, latestMetrics, stepsDone } from './progress';

interface Props {
  trans: TranslationBundle;
  run: Run;
  graph: Graph | null;
  metrics: ReadonlyMap<string, readonly MetricPoint[]>;
  now: number;
}

const MOST_CHIPS = 12;

/** A run in a few lines: how far it is, when it began, with what, and what it measured. */
export function RunHead({ trans, run, graph, metrics, now }: Props): React.ReactElement {
  const { done, total } = stepsDone(graph, run.tasks);
  const seconds = isOver(run.state) ? run.seconds : elapsed(run.started, null, now);
  const facts: [string, React.ReactNode, string?][] = [
    [
      trans.__('Started'),
      run.started === null ? trans.__('not yet') : whenText(run.started, now, trans),
      dateText(run.started)
    ],
    [trans.__('Duration'), (isOver(run.state) ? durationText(seconds) : tickingText(seconds)) || '–'],
    [trans.__('Experiment'), run.experiment || '–'],
    [trans.__('Target'), run.target || '–'],
    [trans.__('Run'), run.run.slice(-8), run.run]
  ];
  return (
    <div className="jp-mlops-RunHead">
      <div className="jp-mlops-HeadRow">
        <div className="jp-mlops-RunProgress">
          <span>{trans.__('%1 of %2 steps', done, total)}</span>
          <StateBar trans={trans} counts={countsOf(run.tasks)} total={Math.max(total, run.tasks.length)} />
        </div>
        <dl className="jp-mlops-Facts">
          {facts.map(([name, value, title]) => (
            <div key={name} className="jp-mlops-Fact">
              <dt>{name}</dt>
              <dd title={title}>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
      {run.reason && run.state !== 'succeeded' ? <p className="jp-mlops-HeadReason">{run.reason}</p> : null}
      {run.interrupted ? (
        <p className="jp-mlops-HeadReason">
          {trans.__('Its engine ended without a word. Retry goes on where it stopped.')}
        </p>
      ) : null}
      {run.incomplete && isOver(run.state) ? <p className="jp-mlops-HeadReason">{run.incomplete}</p> : null}
      <Chips name={trans.__('Metrics')} values={latestMetrics(run.metrics, metrics)} />
      <Chips name={trans.__('Parameters')} values={run.params} />
    </div>
  );
}

/** A bar of all tasks, a stretch a state; the counts in words are its name. */
function StateBar(props: { trans: TranslationBundle; counts: Counts; total: number }): React.ReactElement {
  const { trans, counts, total } = props;
  const text = Object.entries(counts)
    .map(([state, count]) => `${count} ${stateWord(state, trans)}`)
    .join(', ');
  return (
    <span className="jp-mlops-StateBar" role="img" aria-label={text} title={text}>
      {Object.entries(counts).map(([state, count]) => (
        <i
          key={state}
          className={`jp-mlops-mod-${state}`}
          style={{ width: `${(100 * count) / Math.max(1, total)}%` }}
        />
      ))}
    </span>
  );
}

function Chips(props: { name: string; values: { [name: string]: JSONValue } }): React.ReactElement | null {
  const entries = Object.entries(props.values);
  if (entries.length === 0) {
    return null;
  }
  return (
    <div className="jp-mlops-Chips">
      <span className="jp-mlops-ChipsName" aria-hidden="true">
        {props.name}
      </span>
      <dl aria-label={props.name}>
        {entries.slice(0, MOST_CHIPS).map(([name, value]) => (
          <div key={name} className="jp-mlops-RunChip" title={`${name} = ${JSON.stringify(value)}`}>
            <dt>{name}</dt>
            <dd>{valueText(value)}</dd>
          </div>
        ))}
      </dl>
      {entries.length > MOST_CHIPS ? <span className="jp-mlops-Faint">+{entries.length - MOST_CHIPS}</span> : null}
    </div>
  );
}

function dateText(at: number | null): string {
  return at === null ? '' : new Date(at * 1000).toLocaleString();
}
