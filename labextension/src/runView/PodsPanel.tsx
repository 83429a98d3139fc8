import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { ClusterEvent, Pod, Task } from '../api/shapes';
import { EmptyNote, FailureNote, LoadingNote, TryAgain } from '../ui/notes';
import { FindingMark } from '../ui/FindingMark';
import { RunServices } from './services';
import { useLoaded } from './useLoaded';

interface Props {
  services: RunServices;
  task: Task;
  /** Changes whenever there may be news. */
  version: string;
}

/** Where a task ran in a cluster: its pods, and what the cluster said of them. Known also when they are long gone. */
export function PodsPanel({ services, task, version }: Props): React.ReactElement {
  const { client, ref, trans } = services;
  const [chosen, setChosen] = React.useState<number | null>(null);
  const attempts = (task.attempts ?? []).map(item => item.attempt);
  const attempt = chosen ?? task.attempt;
  const load = useLoaded(`${version} ${attempt}`, () => client.pods(ref, task.task, chosen ?? undefined));
  const { value, failure, again } = load;
  if (!value) {
    return failure ? (
      <FailureNote failure={failure}>
        <TryAgain trans={trans} onTry={again} />
      </FailureNote>
    ) : (
      <LoadingNote text={trans.__('Loading…')} />
    );
  }
  return (
    <div className="jp-mlops-Pods" data-testid="mlops-pods">
      {attempts.length > 1 ? (
        <label className="jp-mlops-RunCheck">
          {trans.__('Attempt')}
          <select className="jp-mlops-Input" value={attempt} onChange={event => setChosen(Number(event.target.value))}>
            {attempts.map(item => (
              <option key={item} value={item}>
                {item}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {value.waiting ? (
        <p className="jp-mlops-PodWaits" role="status">
          <FindingMark state="warning" trans={trans} /> {value.waiting}
        </p>
      ) : null}
      {value.pods.map(pod => (
        <PodCard key={pod.pod} pod={pod} trans={trans} />
      ))}
      {value.pods.length === 0 ? <EmptyNote title={trans.__('No pod of this task was seen.')} /> : null}
      {value.events.length > 0 ? <Events events={value.events} trans={trans} /> : null}
    </div>
  );
}

function PodCard({ pod, trans }: { pod: Pod; trans: TranslationBundle }): React.ReactElement {
  const rows: [string, string][] = [
    [trans.__('Node'), pod.node],
    [trans.__('Image'), pod.image],
    [trans.__('Requests'), amounts(pod.requests)],
    [trans.__('Limits'), amounts(pod.limits)],
    [trans.__('Restarts'), pod.restarts ? String(pod.restarts) : ''],
    [trans.__('Exit code'), pod.exit_code === null ? '' : String(pod.exit_code)],
    [trans.__('Reason'), [pod.reason, pod.message].filter(text => text !== '').join(': ')],
    [trans.__('Seen'), seenText(pod)]
  ];
  return (
    <section className="jp-mlops-PodCard" aria-label={trans.__('Pod %1', pod.pod)} data-phase={pod.phase}>
      <h4>
        <code>{pod.pod}</code>
        <span>{pod.phase || trans.__('unknown')}</span>
      </h4>
      <table className="jp-mlops-Table">
        <tbody>
          {rows
            .filter(([, text]) => text !== '')
            .map(([name, text]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{text}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </section>
  );
}

function Events({ events, trans }: { events: ClusterEvent[]; trans: TranslationBundle }): React.ReactElement {
  return (
    <section aria-label={trans.__('What the cluster said')}>
      <h4 className="jp-mlops-Heading">{trans.__('What the cluster said')}</h4>
      <div className="jp-mlops-TableBox" tabIndex={0} role="group" aria-label={trans.__('Events')}>
        <table className="jp-mlops-Table">
          <thead>
            <tr>
              <th scope="col">{trans.__('Last')}</th>
              <th scope="col">{trans.__('Kind')}</th>
              <th scope="col">{trans.__('Reason')}</th>
              <th scope="col">{trans.__('Message')}</th>
              <th scope="col" className="jp-mlops-Number">
                {trans.__('Times')}
              </th>
            </tr>
          </thead>
          <tbody>
            {events.map((item, index) => (
              <tr key={index} data-type={item.type}>
                <td className="jp-mlops-Number">{timeText(item.last)}</td>
                <td>
                  {item.type === 'Warning' ? <FindingMark state="warning" trans={trans} /> : null} {item.type}
                </td>
                <td>{item.reason}</td>
                <td title={item.name}>{item.message}</td>
                <td className="jp-mlops-Number">{item.count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function amounts(of: { [resource: string]: string }): string {
  return Object.entries(of)
    .map(([name, amount]) => `${name} ${amount}`)
    .join(', ');
}

function seenText({ first, at }: Pod): string {
  return first === null || at === null || first === at ? timeText(at) : `${timeText(first)} – ${timeText(at)}`;
}

function timeText(at: number | null): string {
  return at === null ? '' : new Date(at * 1000).toLocaleTimeString();
}
