import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Column } from './columns';
import { Order } from './runsModel';

interface Props {
  columns: readonly Column[];
  /** Null: newest first. */
  order: Order | null;
  /** Whether all rows that are loaded, some, or none are selected. */
  selected: 'all' | 'some' | 'none';
  trans: TranslationBundle;
  onSort: (column: Column) => void;
  onSelectAll: () => void;
}

/** The head of the table: a press on a name sorts by it. */
export function TableHead(props: Props): React.ReactElement {
  const { columns, order, selected, trans } = props;
  const setSome = (box: HTMLInputElement | null): void => {
    if (box) {
      box.indeterminate = selected === 'some';
    }
  };
  return (
    <div role="rowgroup" className="jp-mlops-HomeTableHead">
      <div role="row" aria-rowindex={1} className="jp-mlops-HomeHeadRow">
        <span role="columnheader" className="jp-mlops-HomeCheck">
          <input
            type="checkbox"
            ref={setSome}
            checked={selected === 'all'}
            aria-label={trans.__('Select all runs that are loaded')}
            onChange={props.onSelectAll}
          />
        </span>
        {columns.map(column => {
          const sort = sortOf(column, order);
          return (
            <span
              key={column.id}
              role="columnheader"
              aria-sort={sort}
              className={`jp-mlops-HomeCell${column.isNumber ? ' jp-mlops-mod-number' : ''}`}
            >
              <button title={titleOf(column, trans)} onClick={() => props.onSort(column)} data-column={column.id}>
                <span className="jp-mlops-HomeColumnName">{column.label}</span>
                {sort === 'none' ? null : <span aria-hidden="true">{sort === 'ascending' ? '▲' : '▼'}</span>}
              </button>
            </span>
          );
        })}
      </div>
    </div>
  );
}

function sortOf(column: Column, order: Order | null): 'ascending' | 'descending' | 'none' {
  if (order === null) {
    return column.id === 'started' ? 'descending' : 'none';
  }
  return order.column !== column.id ? 'none' : order.descending ? 'descending' : 'ascending';
}

function titleOf(column: Column, trans: TranslationBundle): string {
  if (!column.fact) {
    return trans.__('Sort by %1', column.label.toLowerCase());
  }
  return column.fact.isMetric
    ? trans.__('Sort by the metric %1', column.label)
    : trans.__('Sort by the parameter %1', column.label);
}
