import { TranslationBundle } from '@jupyterlab/translation';
import { JSONValue } from '@lumino/coreutils';
import * as React from 'react';
import { Diff, Run, Task } from '../api/shapes';
import { durationText, stateIcon, stateWord, valueText } from '../ui/looks';
import { StateMark } from '../ui/marks';
import { deltaText, Difference, differencesOf } from './differences';
import { SourceDiff } from './SourceDiff';

interface Props {
  trans: TranslationBundle;
  first: Run;
  second: Run;
  diff: Diff;
  /** The run whose view this is. */
  current: string;
}

/** Two runs: what differs of each kind, and below it, folded, what is the same. */
export function Comparison({ trans, first, second, diff, current }: Props): React.ReactElement {
  const sources = Object.entries(diff.source);
  const environment = Object.entries(diff.environment).map(([name, [one, other]]): Difference => ({
    name,
    first: one ?? null,
    second: other ?? null,
    delta: null,
    same: false
  }));
  const head = [first, second].map(run => ({ run, isCurrent: run.run === current }));
  return (
    <div className="jp-mlops-Comparison">
      <div className="jp-mlops-CompareHead">
        {head.map(({ run, isCurrent }, index) => (
          <div key={run.run}>
            <strong>{index === 0 ? trans.__('First') : trans.__('Second')}</strong>{' '}
            <StateMark state={run.state} trans={trans} /> <code>{run.run.slice(-8)}</code>{' '}
            {isCurrent ? <span className="jp-mlops-Badge">{trans.__('this run')}</span> : null}{' '}
            <span className="jp-mlops-Faint">{durationText(run.seconds)}</span>
          </div>
        ))}
      </div>
      <Values title={trans.__('Metrics')} trans={trans} found={differencesOf(first.metrics, second.metrics)} />
      <Values title={trans.__('Parameters')} trans={trans} found={differencesOf(first.params, second.params)} />
      <Section title={trans.__('Source')} count={sources.length} trans={trans}>
        {sources.map(([step, text]) => (
          <SourceDiff key={step} trans={trans} step={step} diff={text} />
        ))}
      </Section>
      <Values title={trans.__('Environment')} trans={trans} found={environment} />
      <Tasks trans={trans} first={first} second={second} diff={diff} />
    </div>
  );
}

interface SectionProps {
  title: string;
  trans: TranslationBundle;
  /** How many things differ. */
  count: number;
  children: React.ReactNode;
}

function Section({ title, trans, count, children }: SectionProps): React.ReactElement {
  return (
    <section aria-label={title} className="jp-mlops-CompareSection">
      <h4 className="jp-mlops-Heading">
        {title}{' '}
        <span className="jp-mlops-Faint">
          {count === 0 ? trans.__('no differences') : trans._n('%1 difference', '%1 differences', count)}
        </span>
      </h4>
      {children}
    </section>
  );
}

function Values(props: { title: string; trans: TranslationBundle; found: Difference[] }): React.ReactElement {
  const { title, trans, found } = props;
  const [differing, same] = [found.filter(item => !item.same), found.filter(item => item.same)];
  return (
    <Section title={title} trans={trans} count={differing.length}>
      {differing.length > 0 ? <ValueTable trans={trans} found={differing} /> : null}
      {same.length > 0 ? (
        <details className="jp-mlops-Fold">
          <summary>{trans._n('%1 is the same', '%1 are the same', same.length)}</summary>
          <ValueTable trans={trans} found={same} />
        </details>
      ) : null}
    </Section>
  );
}

function ValueTable(props: { trans: TranslationBundle; found: Difference[] }): React.ReactElement {
  const { trans, found } = props;
  return (
    <table className="jp-mlops-Table jp-mlops-CompareTable">
      <Columns trans={trans} />
      <tbody>
        {found.map(item => (
          <tr key={item.name}>
            <th scope="row">{item.name}</th>
            <td title={JSON.stringify(item.first)}>{shown(item.first)}</td>
            <td title={JSON.stringify(item.second)}>{shown(item.second)}</td>
            <td className="jp-mlops-Delta">{deltaText(item)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Columns({ trans }: { trans: TranslationBundle }): React.ReactElement {
  return (
    <thead>
      <tr>
        <th scope="col">{trans.__('Name')}</th>
        <th scope="col">{trans.__('First')}</th>
        <th scope="col">{trans.__('Second')}</th>
        <th scope="col">{trans.__('Change')}</th>
      </tr>
    </thead>
  );
}

/** States and durations: tasks that ended otherwise, or made other values, first. */
function Tasks(props: { trans: TranslationBundle; first: Run; second: Run; diff: Diff }): React.ReactElement {
  const { trans, first, second, diff } = props;
  const runs = [first, second].map(run => new Map(run.tasks.map(task => [task.task, task])));
  const names = [...new Set(runs.flatMap(tasks => [...tasks.keys()]))];
  const isDifferent = (name: string): boolean => name in diff.tasks;
  const [differing, same] = [names.filter(isDifferent), names.filter(name => !isDifferent(name))];
  const table = (rows: string[]): React.ReactElement => (
    <table className="jp-mlops-Table jp-mlops-CompareTable">
      <Columns trans={trans} />
      <tbody>
        {rows.map(name => {
          const [one, other] = runs.map(tasks => tasks.get(name));
          const outputs = diff.tasks[name]?.outputs ?? [];
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{taskText(one, trans)}</td>
              <td>{taskText(other, trans)}</td>
              <td className="jp-mlops-Delta">
                {outputs.length > 0 ? trans.__('other values: %1', outputs.join(', ')) : ''}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
  return (
    <Section title={trans.__('Tasks')} trans={trans} count={differing.length}>
      {differing.length > 0 ? table(differing) : null}
      {same.length > 0 ? (
        <details className="jp-mlops-Fold">
          <summary>{trans._n('%1 is the same', '%1 are the same', same.length)}</summary>
          {table(same)}
        </details>
      ) : null}
    </Section>
  );
}

function taskText(task: Task | undefined, trans: TranslationBundle): string {
  if (!task) {
    return '–';
  }
  const time = task.attempt > 0 ? durationText(task.seconds) : '';
  return [`${stateIcon(task.state)} ${stateWord(task.state, trans)}`, time].filter(Boolean).join(' · ');
}

function shown(value: JSONValue): string {
  return value === null ? '–' : valueText(value);
}
