import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Task, Use } from '../api/shapes';
import { bytesText, durationText } from '../ui/looks';
import { EmptyNote, FailureNote, LoadingNote, TryAgain } from '../ui/notes';
import { LineChart } from './LineChart';
import { RunServices } from './services';
import { useLoaded } from './useLoaded';
import { coresText, chartOf } from './amounts';

interface Props {
  services: RunServices;
  task: Task;
  /** Changes whenever there may be news. */
  version: string;
  isLive: boolean;
}

/** What a task uses: processor and memory over time, their peaks, and what it asked for. */
export function UsePanel({ services, task, version, isLive }: Props): React.ReactElement {
  const { client, ref, trans } = services;
  const { value, failure, again } = useLoaded(version, () => client.use(ref, task.task));
  if (!value) {
    return failure ? (
      <FailureNote failure={failure}>
        <TryAgain trans={trans} onTry={again} />
      </FailureNote>
    ) : (
      <LoadingNote text={trans.__('Loading…')} />
    );
  }
  if (value.points.length === 0) {
    return (
      <EmptyNote title={isLive ? trans.__('Nothing is known yet.') : trans.__('What it used is not known.')}>
        <p>{trans.__('A task tells it every few seconds, and at its end.')}</p>
      </EmptyNote>
    );
  }
  const words = {
    cores: trans.__('cores'),
    used: trans.__('used'),
    request: trans.__('request'),
    limit: trans.__('limit')
  };
  const charts = [
    { id: 'cpu', title: trans.__('Processor'), chart: chartOf(value, 'cpu', words) },
    { id: 'memory', title: trans.__('Memory'), chart: chartOf(value, 'memory', words) }
  ];
  return (
    <div data-testid="mlops-use">
      <Peaks use={value} trans={trans} />
      {value.points.length > 1 ? (
        <div className="jp-mlops-Charts">
          {charts.map(({ id, title, chart }) => (
            <figure key={id} className="jp-mlops-Figure">
              <figcaption>{`${title} (${chart.unit})`}</figcaption>
              <LineChart trans={trans} name={title} series={chart.series} across="time" log={false} fromZero />
            </figure>
          ))}
        </div>
      ) : null}
    </div>
  );
}

function Peaks({ use, trans }: { use: Use; trans: TranslationBundle }): React.ReactElement {
  const memory = (bytes: number | null): string => (bytes === null ? '' : bytesText(bytes));
  const cpu = (cores: number | null): string => (cores === null ? '' : coresText(cores));
  const rows = [
    { name: trans.__('Memory'), amounts: [use.peak_memory, use.request.memory, use.limit.memory].map(memory) },
    { name: trans.__('Cores'), amounts: [use.peak_cpu, use.request.cpu, use.limit.cpu].map(cpu) }
  ];
  return (
    <table className="jp-mlops-Table">
      <thead>
        <tr>
          <td />
          <th scope="col" className="jp-mlops-Number">
            {trans.__('Peak')}
          </th>
          <th scope="col" className="jp-mlops-Number">
            {trans.__('Request')}
          </th>
          <th scope="col" className="jp-mlops-Number">
            {trans.__('Limit')}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(row => (
          <tr key={row.name}>
            <th scope="row">{row.name}</th>
            {row.amounts.map((amount, index) => (
              <td key={index} className="jp-mlops-Number">
                {amount || '—'}
              </td>
            ))}
          </tr>
        ))}
        <tr>
          <th scope="row">{trans.__('Processor time')}</th>
          <td className="jp-mlops-Number">{durationText(use.cpu_seconds)}</td>
          <td />
          <td />
        </tr>
      </tbody>
    </table>
  );
}
