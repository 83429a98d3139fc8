import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { ListedRun } from '../api/shapes';
import { cellContent, cellTitle } from './cells';
import { Column, shortRun } from './columns';

interface Props {
  id: string;
  row: number;
  top: number;
  /** Undefined while it is loaded. */
  run: ListedRun | undefined;
  columns: readonly Column[];
  selected: boolean;
  active: boolean;
  /** In seconds. */
  now: number;
  trans: TranslationBundle;
}

/** A row of the table. It handles nothing itself: the table does. Drawn again only if something of it changed. */
export const RunRow = React.memo(function RunRow(props: Props): React.ReactElement {
  const { id, row, top, run, columns, selected, active, now, trans } = props;
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={row + 2}
      aria-selected={selected}
      aria-busy={run === undefined ? true : undefined}
      className={`jp-mlops-HomeRow${active ? ' jp-mlops-mod-active' : ''}`}
      style={{ transform: `translateY(${top}px)` }}
      data-row={row}
      data-run={run?.run}
      data-state={run?.state}
    >
      <span role="gridcell" className="jp-mlops-HomeCheck">
        <input
          type="checkbox"
          tabIndex={-1}
          readOnly
          checked={selected}
          disabled={run === undefined}
          aria-label={trans.__('Select run %1', run ? shortRun(run.run) : '')}
        />
      </span>
      {columns.map(column => (
        <span
          key={column.id}
          role="gridcell"
          className={`jp-mlops-HomeCell${column.isNumber ? ' jp-mlops-mod-number' : ''}`}
          title={run && cellTitle(column, run)}
        >
          {run ? cellContent(column, run, now, trans) : <span className="jp-mlops-HomeGap" />}
        </span>
      ))}
    </div>
  );
});
