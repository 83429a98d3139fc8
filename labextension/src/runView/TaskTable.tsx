import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Task } from '../api/shapes';
import { elapsed } from '../api/clock';
import { Counts } from '../model/tasks';
import { durationText, stateIcon, stateWord, valueText, waitText } from '../ui/looks';
import { StateMark } from '../ui/marks';
import { EmptyNote } from '../ui/notes';
import { tickingText } from './durations';
import { loopState, TaskRow, taskRows } from './progress';
import { peakText } from './amounts';
import { rowAfter, useReveal, useRows } from './useRows';

interface Props {
  trans: TranslationBundle;
  tasks: readonly Task[];
  now: number;
  selected: string | null;
  onSelect: (task: string) => void;
}

const ROW = 26;

/** All tasks as a list; the tasks of a loop below one row that counts them. */
export function TaskTable(props: Props): React.ReactElement {
  const { trans, now, selected } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const { rows, active, toggle, choose, onKeyDown } = useTree(props, host);
  const { first, last, onScroll } = useRows(host, ROW, rows.length);
  const id = React.useId();
  if (rows.length === 0) {
    return <EmptyNote title={trans.__('There are no tasks yet.')} />;
  }
  return (
    <div
      className="jp-mlops-Tasks"
      ref={host}
      role="tree"
      aria-label={trans.__('Tasks')}
      aria-activedescendant={active >= first && active < last ? `${id}${active}` : undefined}
      tabIndex={0}
      {...{ onScroll, onKeyDown }}
    >
      <div style={{ height: rows.length * ROW }} className="jp-mlops-TaskRows" role="presentation">
        {rows.slice(first, last).map((row, offset) => {
          const at = first + offset;
          const shared = { trans, id: `${id}${at}`, top: at * ROW, isActive: at === active };
          return row.kind === 'loop' ? (
            <LoopRow key={`loop ${row.step}`} {...shared} row={row} onToggle={() => toggle(row.step, !row.open)} />
          ) : (
            <TaskLine
              key={row.task.task}
              {...shared}
              row={row}
              now={now}
              isSelected={row.task.task === selected}
              onSelect={() => choose(row)}
            />
          );
        })}
      </div>
    </div>
  );
}

interface Tree {
  rows: TaskRow[];
  /** The row that the keyboard is at; -1 before one was chosen. */
  active: number;
  toggle: (step: string, isOpen: boolean) => void;
  choose: (row: TaskRow) => void;
  onKeyDown: (event: React.KeyboardEvent) => void;
}

/** Which loops are open, which row is the current one, and the keys of a tree. */
function useTree({ tasks, selected, onSelect }: Props, host: React.RefObject<HTMLElement>): Tree {
  const [open, setOpen] = React.useState<ReadonlySet<string>>(() => loopOf(tasks, selected));
  const [at, setAt] = React.useState<string | null>(null);
  const [known, setKnown] = React.useState(selected);
  if (known !== selected) {
    // A task that was chosen elsewhere is seen here, too.
    setKnown(selected);
    setAt(selected ?? at);
    setOpen(new Set([...open, ...loopOf(tasks, selected)]));
  }
  const rows = taskRows(tasks, open);
  const active = rows.findIndex(row => nameOf(row) === (at ?? selected));
  useReveal(host, active < 0 ? null : nameOf(rows[active]), active, ROW);
  const toggle = (step: string, isOpen: boolean): void => {
    setAt(`loop ${step}`);
    const others = [...open].filter(item => item !== step);
    setOpen(new Set(isOpen ? [...others, step] : others));
  };
  const choose = (row: TaskRow): void => {
    setAt(nameOf(row));
    if (row.kind === 'task') {
      onSelect(row.task.task);
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const next = rowAfter(event.key, active, rows.length);
    const row = rows[active];
    if (next !== null) {
      event.preventDefault();
      choose(rows[next]);
    } else if (row?.kind === 'loop' && ['ArrowRight', 'ArrowLeft', 'Enter', ' '].includes(event.key)) {
      event.preventDefault();
      toggle(row.step, event.key === 'ArrowRight' || (event.key !== 'ArrowLeft' && !row.open));
    }
  };
  return { rows, active, toggle, choose, onKeyDown };
}

interface Shared {
  id: string;
  trans: TranslationBundle;
  top: number;
  isActive: boolean;
}

function LoopRow(props: Shared & { row: TaskRow & { kind: 'loop' }; onToggle: () => void }): React.ReactElement {
  const { row, trans } = props;
  return (
    <div
      className={`jp-mlops-TaskRow${props.isActive ? ' jp-mlops-mod-active' : ''}`}
      style={{ top: props.top, height: ROW }}
      id={props.id}
      role="treeitem"
      aria-level={1}
      aria-expanded={row.open}
      aria-selected={false}
      onClick={props.onToggle}
    >
      <span className="jp-mlops-Twist" aria-hidden="true">
        {row.open ? '▾' : '▸'}
      </span>
      <StateMark state={loopState(row.counts)} trans={trans} iconOnly />
      <span className="jp-mlops-Cut jp-mlops-TaskName">{row.step}</span>
      <CountList counts={row.counts} trans={trans} />
    </div>
  );
}

/** Counts by state: `✗ 1 failed · ✓ 7 succeeded`. */
export function CountList(props: { counts: Counts; trans: TranslationBundle }): React.ReactElement {
  return (
    <span className="jp-mlops-Counts">
      {Object.entries(props.counts).map(([state, count]) => (
        <span key={state} className={`jp-mlops-State jp-mlops-mod-${state}`}>
          <span className="jp-mlops-StateIcon" aria-hidden="true">
            {stateIcon(state)}
          </span>
          {`${count} ${stateWord(state, props.trans)}`}
        </span>
      ))}
    </span>
  );
}

interface LineProps extends Shared {
  row: TaskRow & { kind: 'task' };
  now: number;
  isSelected: boolean;
  onSelect: () => void;
}

function TaskLine(props: LineProps): React.ReactElement {
  const { row, trans, isSelected } = props;
  const { task, nested } = row;
  const item = task.item === null || task.item === undefined ? '' : valueText(task.item);
  const reason = waitText(task, trans) || task.reason;
  return (
    <div
      className={`jp-mlops-TaskRow${nested ? ' jp-mlops-mod-nested' : ''}${isSelected ? ' jp-mlops-mod-selected' : ''}${props.isActive ? ' jp-mlops-mod-active' : ''}`}
      style={{ top: props.top, height: ROW }}
      id={props.id}
      role="treeitem"
      aria-level={nested ? 2 : 1}
      aria-selected={isSelected}
      data-task={task.task}
      onClick={props.onSelect}
    >
      <span className="jp-mlops-Twist" aria-hidden="true" />
      <StateMark state={task.state} trans={trans} iconOnly />
      <span className="jp-mlops-Cut jp-mlops-TaskName" title={task.task}>
        {task.task}
        {item ? <span className="jp-mlops-Faint"> {item}</span> : null}
      </span>
      <span className="jp-mlops-Cut jp-mlops-TaskReason" title={reason}>
        {task.attempt > 1 ? `${trans.__('attempt %1', task.attempt)}${reason ? ' · ' : ''}` : ''}
        {reason}
      </span>
      {peakText(task, trans) ? (
        <span className="jp-mlops-TaskPeak" title={trans.__('The most memory that it had')}>
          {peakText(task, trans)}
        </span>
      ) : null}
      <span className="jp-mlops-TaskTime">{timeOf(task, props.now)}</span>
    </div>
  );
}

/** How long a task took or takes; empty for one that never began. */
export function timeOf(task: Task, now: number): string {
  if (task.state === 'running') {
    return tickingText(elapsed(task.started, null, now));
  }
  return task.attempt > 0 ? durationText(task.seconds) : '';
}

function nameOf(row: TaskRow): string {
  return row.kind === 'loop' ? `loop ${row.step}` : row.task.task;
}

/** The loop that a task belongs to, so that the selected task is seen. */
function loopOf(tasks: readonly Task[], selected: string | null): ReadonlySet<string> {
  const task = tasks.find(item => item.task === selected);
  return new Set(task && task.step !== task.task ? [task.step] : []);
}
