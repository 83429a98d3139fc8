import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Column } from './columns';
import { RunRow } from './RunRow';
import { RunRows } from './runRows';
import { Order } from './runsModel';
import { Selection } from './selection';
import { TableHead } from './TableHead';
import { tableKey } from './tableKeys';
import { RowWindow, scrollToShow, Sight, windowOf } from './window';

/** The height of a row in pixels; `home.css` has the same. */
export const ROW = 28;
const CHECK = 36;

interface Props {
  rows: RunRows;
  selection: Selection;
  columns: readonly Column[];
  order: Order | null;
  /** Another number is another list: it is shown from its top. */
  list: number;
  /** How many rows came at the top of this list: what is seen stays where it is. */
  addedAbove: number;
  loading: boolean;
  /** In seconds. */
  now: number;
  label: string;
  trans: TranslationBundle;
  onSort: (column: Column) => void;
  onShow: (window: RowWindow) => void;
  /** `selection` was changed. */
  onSelect: () => void;
  onOpen: (run: string) => void;
  onDelete: () => void;
  onMenu: (x: number, y: number) => void;
}

/** The runs as a table of which only the rows that are seen are in the page. One stop of the tab key, then arrows. */
export function RunTable(props: Props): React.ReactElement {
  const { rows, selection, columns } = props;
  const id = React.useId();
  const grid = React.useRef<HTMLDivElement>(null);
  const [shown, look] = useWindow(grid, props);
  const actions = tableActions(props, row => {
    const node = grid.current;
    if (node) {
      node.scrollTop = scrollToShow(row, sightOf(node));
    }
  });
  const isActiveDrawn = selection.active >= shown.first && selection.active < shown.last;
  return (
    <div
      ref={grid}
      role="grid"
      tabIndex={0}
      className={`jp-mlops-HomeTable${props.loading ? ' jp-mlops-mod-loading' : ''}`}
      style={layoutOf(columns)}
      aria-label={props.label}
      aria-rowcount={rows.length + 1}
      aria-multiselectable={true}
      aria-busy={props.loading}
      aria-activedescendant={isActiveDrawn ? `${id}-${selection.active}` : undefined}
      data-testid="mlops-runs-table"
      onScroll={look}
      {...actions}
    >
      <TableHead
        columns={columns}
        order={props.order}
        selected={selection.ids.size === 0 ? 'none' : selection.ids.size < rows.known.length ? 'some' : 'all'}
        trans={props.trans}
        onSort={props.onSort}
        onSelectAll={() => {
          selectAllOrNone(selection, rows.length);
          props.onSelect();
        }}
      />
      <div role="rowgroup" className="jp-mlops-HomeRows" style={{ height: rows.length * ROW }}>
        {drawRows(props, shown, id)}
      </div>
    </div>
  );
}

function drawRows(props: Props, shown: RowWindow, id: string): React.ReactElement[] {
  const { rows, selection, columns, now, trans } = props;
  const drawn: React.ReactElement[] = [];
  for (let row = shown.first; row < shown.last; row++) {
    const run = rows.at(row);
    drawn.push(
      <RunRow
        // What came at the top moves the others down: each keeps what it has in the page.
        key={row - props.addedAbove}
        id={`${id}-${row}`}
        row={row}
        top={row * ROW}
        selected={run !== undefined && selection.ids.has(run.run)}
        active={row === selection.active}
        {...{ run, columns, now, trans }}
      />
    );
  }
  return drawn;
}

/** The rows that are in the page, and what to do when the table was scrolled. */
function useWindow(grid: React.RefObject<HTMLDivElement>, props: Props): [RowWindow, () => void] {
  const { rows, list, addedAbove, onShow } = props;
  const [shown, setShown] = React.useState<RowWindow>({ first: 0, last: 60 });
  const total = rows.length;
  const look = React.useCallback(() => {
    const node = grid.current;
    if (node) {
      const next = windowOf(sightOf(node), total);
      setShown(before => (before.first === next.first && before.last === next.last ? before : next));
    }
  }, [grid, total]);
  React.useLayoutEffect(() => {
    if (grid.current) {
      grid.current.scrollTop = 0;
    }
  }, [grid, list]);
  const added = React.useRef(addedAbove);
  React.useLayoutEffect(() => {
    const more = addedAbove - added.current;
    added.current = addedAbove;
    if (grid.current && more > 0 && grid.current.scrollTop > 0) {
      grid.current.scrollTop += more * ROW;
    }
    look();
  }, [grid, addedAbove, look]);
  React.useEffect(() => {
    const observer = new ResizeObserver(look);
    if (grid.current) {
      observer.observe(grid.current);
    }
    return () => observer.disconnect();
  }, [grid, look]);
  const clipped = { first: Math.min(shown.first, total), last: Math.min(shown.last, total) };
  React.useEffect(() => onShow(clipped));
  return [clipped, look];
}

function sightOf(node: HTMLElement): Sight {
  const head = ROW;
  return { top: node.scrollTop, height: Math.max(node.clientHeight - head, ROW), rowHeight: ROW };
}

function layoutOf(columns: readonly Column[]): React.CSSProperties {
  const template = columns.map(column => `minmax(${column.width}px, ${column.width}fr)`).join(' ');
  const width = columns.reduce((sum, column) => sum + column.width, CHECK);
  return { '--jp-mlops-columns': `${CHECK}px ${template}`, '--jp-mlops-width': `${width}px` } as React.CSSProperties;
}

type Handlers = Pick<React.DOMAttributes<HTMLDivElement>, 'onClick' | 'onDoubleClick' | 'onKeyDown' | 'onContextMenu'>;

/** What the pointer and the keyboard do. `show` scrolls a row into sight. */
function tableActions(props: Props, show: (row: number) => void): Handlers {
  const { rows, selection, onSelect, onOpen } = props;
  const open = (row: number): void => {
    const run = rows.at(row);
    if (run) {
      onOpen(run.run);
    }
  };
  const menu = (event: React.MouseEvent): void => {
    const row = rowOf(event);
    if (event.shiftKey || (row === null && event.target !== event.currentTarget)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    event.nativeEvent.stopPropagation();
    const at = row ?? selection.active;
    const run = rows.at(at);
    if (run && !selection.ids.has(run.run)) {
      selection.only(at);
      onSelect();
    }
    const [x, y] = event.clientX || event.clientY ? [event.clientX, event.clientY] : middleOf(event.currentTarget);
    props.onMenu(x, y);
  };
  return {
    onClick: event => {
      const row = rowOf(event);
      if (row !== null) {
        pick(selection, row, event);
        // A box that was pressed has the focus, and would keep the keys from the table.
        event.currentTarget.focus({ preventScroll: true });
        onSelect();
      }
    },
    onDoubleClick: event => {
      const row = rowOf(event);
      if (row !== null && !(event.target instanceof HTMLInputElement)) {
        open(row);
      }
    },
    onContextMenu: menu,
    onKeyDown: event => {
      if (event.target !== event.currentTarget) {
        return;
      }
      const page = Math.max(Math.floor(event.currentTarget.clientHeight / ROW) - 2, 1);
      const done = tableKey(event, selection, rows.length, page, { open, remove: props.onDelete });
      if (done) {
        event.preventDefault();
        event.stopPropagation();
        show(selection.active);
        onSelect();
      }
    }
  };
}

function selectAllOrNone(selection: Selection, total: number): void {
  if (selection.ids.size > 0) {
    selection.clear();
  } else {
    selection.all(total);
  }
}

function pick(selection: Selection, row: number, event: React.MouseEvent): void {
  if (event.shiftKey) {
    selection.extendTo(row);
  } else if (event.ctrlKey || event.metaKey || (event.target as Element).closest('.jp-mlops-HomeCheck')) {
    selection.toggle(row);
  } else {
    selection.only(row);
  }
}

function rowOf(event: React.MouseEvent): number | null {
  const node = (event.target as Element).closest<HTMLElement>('[data-row]');
  return node ? Number(node.dataset.row) : null;
}

function middleOf(node: Element): [number, number] {
  const { left, top, width } = node.getBoundingClientRect();
  return [left + Math.min(width, 400) / 2, top + 3 * ROW];
}
