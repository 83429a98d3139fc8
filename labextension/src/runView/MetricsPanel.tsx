import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { MetricPoint } from '../api/shapes';
import { valueText } from '../ui/looks';
import { EmptyNote } from '../ui/notes';
import { acrossText, LineChart } from './LineChart';
import { Across, canLog, Series, seriesOf } from './chartScale';

interface Props {
  trans: TranslationBundle;
  metrics: ReadonlyMap<string, readonly MetricPoint[]>;
  /** Only what this task measured; null: all tasks. */
  task: string | null;
  isLive: boolean;
}

const MOST_ROWS = 500;

/** What was measured: a chart a metric, or the same as tables. */
export function MetricsPanel({ trans, metrics, task, isLive }: Props): React.ReactElement {
  const [log, setLog] = React.useState(false);
  const [table, setTable] = React.useState(false);
  const shown = [...metrics]
    .map(([name, points]) => ({ name, ...seriesOf(points.filter(point => task === null || point.task === task)) }))
    .filter(item => item.series.length > 0);
  const [numbers, curves] = [shown.filter(isNumber), shown.filter(item => !isNumber(item))];
  if (shown.length === 0) {
    return (
      <EmptyNote title={isLive ? trans.__('Nothing was measured yet.') : trans.__('Nothing was measured.')}>
        {trans.__('In a cell: %1', 'mlops.log_metric("loss", loss, step=epoch)')}
      </EmptyNote>
    );
  }
  return (
    <div className="jp-mlops-Metrics">
      <div className="jp-mlops-Tools" role="toolbar" aria-label={trans.__('Metrics')}>
        <button
          className="jp-mlops-Tool"
          aria-pressed={log}
          disabled={!shown.some(item => canLog(item.series))}
          onClick={() => setLog(!log)}
        >
          {trans.__('Log scale')}
        </button>
        <button className="jp-mlops-Tool" aria-pressed={table} onClick={() => setTable(!table)}>
          {trans.__('Table')}
        </button>
      </div>
      {numbers.length > 0 ? <NumberTable trans={trans} numbers={numbers} /> : null}
      <div className="jp-mlops-Charts">
        {curves.map(({ name, series, across }) => (
          <figure key={name} className="jp-mlops-Figure">
            <figcaption>{name}</figcaption>
            {table ? (
              <PointTable {...{ trans, name, series, across }} />
            ) : (
              <LineChart {...{ trans, name, series, across, log }} />
            )}
          </figure>
        ))}
      </div>
    </div>
  );
}

interface TableProps {
  trans: TranslationBundle;
  name: string;
  series: readonly Series[];
  across: Across;
}

/** The points of a metric in words; newest first, for those are looked for. */
function PointTable({ trans, name, series, across }: TableProps): React.ReactElement {
  const rows = series
    .flatMap(item => item.points.map(point => ({ task: item.name, ...point })))
    .sort((a, b) => b.at - a.at);
  return (
    <div className="jp-mlops-TableBox" tabIndex={0} role="group" aria-label={name}>
      <table className="jp-mlops-Table">
        <thead>
          <tr>
            <th scope="col">{trans.__('Task')}</th>
            <th scope="col" className="jp-mlops-Number">
              {across === 'step' ? trans.__('Step') : trans.__('Time')}
            </th>
            <th scope="col" className="jp-mlops-Number">
              {trans.__('Value')}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map(row => (
            <tr key={`${row.task} ${row.x}`}>
              <td>{row.task}</td>
              <td className="jp-mlops-Number">{across === 'step' ? row.x : acrossText(row.x, across, trans) || '0'}</td>
              <td className="jp-mlops-Number" title={String(row.y)}>
                {valueText(row.y)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS ? (
        <p className="jp-mlops-Faint">{trans.__('and %1 earlier ones', rows.length - MOST_ROWS)}</p>
      ) : null}
    </div>
  );
}

/** Metrics that were measured once by each task, in one table. */
function NumberTable(props: { trans: TranslationBundle; numbers: readonly Measured[] }): React.ReactElement {
  const { trans, numbers } = props;
  return (
    <table className="jp-mlops-Table">
      <thead>
        <tr>
          <th scope="col">{trans.__('Metric')}</th>
          <th scope="col">{trans.__('Task')}</th>
          <th scope="col" className="jp-mlops-Number">
            {trans.__('Value')}
          </th>
        </tr>
      </thead>
      <tbody>
        {numbers.flatMap(({ name, series }) =>
          series.map(item => (
            <tr key={`${name} ${item.name}`}>
              <th scope="row">{name}</th>
              <td>{item.name}</td>
              <td className="jp-mlops-Number" title={String(item.points[0].y)}>
                {valueText(item.points[0].y)}
              </td>
            </tr>
          ))
        )}
      </tbody>
    </table>
  );
}

interface Measured {
  name: string;
  series: readonly Series[];
}

/** A metric that each task measured once is a number, not a curve. */
function isNumber({ series }: Measured): boolean {
  return series.every(item => item.points.length === 1);
}
