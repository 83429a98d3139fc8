import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Attempt, Run, Task } from '../api/shapes';
import { durationText } from '../ui/looks';
import { StateMark } from '../ui/marks';
import { Environment } from './Environment';

interface Props {
  trans: TranslationBundle;
  run: Run;
  task: Task;
  now: number;
}

/** Why a task ran, or did not: the cache, what changed, its attempts, and notes of where it ran. */
export function WhyPanel({ trans, run, task, now }: Props): React.ReactElement {
  const parts = Object.entries(task.key ?? {});
  return (
    <div className="jp-mlops-Why">
      <p className="jp-mlops-WhyAnswer">
        <StateMark state={task.state} trans={trans} />
        {answer(task, trans)}
      </p>
      {task.notes.length > 0 ? (
        <ul className="jp-mlops-Notes">
          {task.notes.map((note, index) => (
            <li key={index}>{note}</li>
          ))}
        </ul>
      ) : null}
      {(task.attempts ?? []).length > 0 ? <Attempts attempts={task.attempts ?? []} trans={trans} now={now} /> : null}
      {parts.length > 0 ? (
        <section aria-label={trans.__('Cache key')}>
          <h4 className="jp-mlops-Heading">{trans.__('Cache key')}</h4>
          <p className="jp-mlops-Faint">{trans.__('A task with the same key is not run again.')}</p>
          <table className="jp-mlops-Table">
            <tbody>
              {parts.map(([part, digest]) => (
                <tr key={part}>
                  <th scope="row">{part}</th>
                  <td>
                    <code title={digest}>{digest.slice(0, 12)}</code>
                  </td>
                  <td>{task.why.includes(part) ? <strong>{trans.__('△ changed')}</strong> : ''}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : null}
      <Environment trans={trans} environment={run.environment} />
    </div>
  );
}

function answer(task: Task, trans: TranslationBundle): string {
  if (task.state === 'cached') {
    return task.cached_from
      ? trans.__(
          'It was done before with the same source, values and environment: the result of %1 is used.',
          task.cached_from
        )
      : trans.__('It was done before with the same source, values and environment.');
  }
  if (task.state === 'skipped' || task.state === 'pending' || task.state === 'canceled') {
    return task.reason || trans.__('It has not begun.');
  }
  if (task.why.length > 0) {
    return trans.__('It ran, for these changed since the last time: %1.', task.why.join(', '));
  }
  return task.reason || trans.__('It ran: no earlier result was there to use.');
}

function Attempts(props: { attempts: Attempt[]; trans: TranslationBundle; now: number }): React.ReactElement {
  const { attempts, trans, now } = props;
  return (
    <section aria-label={trans.__('Attempts')}>
      <h4 className="jp-mlops-Heading">{trans.__('Attempts')}</h4>
      <table className="jp-mlops-Table">
        <tbody>
          {attempts.map(item => (
            <tr key={item.attempt}>
              <th scope="row" className="jp-mlops-Number">
                {item.attempt}
              </th>
              <td>
                <StateMark state={item.state} trans={trans} />
              </td>
              <td className="jp-mlops-Number">
                {item.started === null ? '' : new Date(item.started * 1000).toLocaleTimeString()}
              </td>
              <td className="jp-mlops-Number">
                {item.started === null ? '' : durationText((item.finished ?? now) - item.started)}
              </td>
              <td>{item.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
