import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Task } from '../api/shapes';
import { bytesText } from '../ui/looks';
import { EmptyNote } from '../ui/notes';

interface Props {
  trans: TranslationBundle;
  task: Task;
  onSelect: (task: string) => void;
}

/** The values that a task handed over, and those that it took. */
export function ValuesPanel({ trans, task, onSelect }: Props): React.ReactElement {
  const made = Object.entries(task.outputs);
  const taken = task.inputs ?? [];
  if (made.length + taken.length === 0) {
    return <EmptyNote title={trans.__('No values were handed over.')} />;
  }
  return (
    <div className="jp-mlops-Values">
      {made.length > 0 ? (
        <Table
          title={trans.__('Handed over')}
          columns={[trans.__('Name'), trans.__('Type'), trans.__('Shape'), trans.__('Size'), trans.__('What is in it')]}
        >
          {made.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>{value.type}</td>
              <td className="jp-mlops-Number">{value.shape ? value.shape.join(' × ') : ''}</td>
              <td className="jp-mlops-Number">{value.bytes === null ? '' : bytesText(value.bytes)}</td>
              <td className="jp-mlops-ValueText" title={value.text}>
                {value.text}
              </td>
            </tr>
          ))}
        </Table>
      ) : null}
      {taken.length > 0 ? (
        <Table
          title={trans.__('Taken')}
          columns={[trans.__('Name'), trans.__('Type'), trans.__('Size'), trans.__('Made by')]}
        >
          {taken.map(value => (
            <tr key={`${value.name} ${value.task}`}>
              <th scope="row">
                <code>{value.name}</code>
              </th>
              <td>{value.type}</td>
              <td className="jp-mlops-Number">{value.bytes === null ? '' : bytesText(value.bytes)}</td>
              <td>
                <button className="jp-mlops-Link" onClick={() => onSelect(value.task)}>
                  {value.task}
                </button>
              </td>
            </tr>
          ))}
        </Table>
      ) : null}
    </div>
  );
}

function Table(props: { title: string; columns: string[]; children: React.ReactNode }): React.ReactElement {
  return (
    <section aria-label={props.title}>
      <h4 className="jp-mlops-Heading">{props.title}</h4>
      <div className="jp-mlops-TableBox" tabIndex={0} role="group" aria-label={props.title}>
        <table className="jp-mlops-Table">
          <thead>
            <tr>
              {props.columns.map(column => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{props.children}</tbody>
        </table>
      </div>
    </section>
  );
}
