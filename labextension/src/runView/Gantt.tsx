import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Task } from '../api/shapes';
import { EmptyNote } from '../ui/notes';
import { durationText, stateIcon, stateWord } from '../ui/looks';
import { StateMark } from '../ui/marks';
import { roundText } from './durations';
import { Bar, ganttOf, GanttRow, GanttTick } from './ganttGeometry';
import { rowAfter, useReveal, useRows } from './useRows';

interface Props {
  trans: TranslationBundle;
  tasks: readonly Task[];
  /** When the run began, and what time it is, in seconds of the server's clock. */
  started: number | null;
  now: number;
  selected: string | null;
  onSelect: (task: string) => void;
}

const ROW = 26;

/** When each task ran: a row a task in the order of their start, a bar an attempt. */
export function Gantt(props: Props): React.ReactElement {
  const { trans, tasks, selected, onSelect } = props;
  const { rows, ticks, begin } = ganttOf(tasks, props.started, props.now);
  const host = React.useRef<HTMLDivElement>(null);
  const { first, last, onScroll } = useRows(host, ROW, rows.length);
  const id = React.useId();
  const index = rows.findIndex(row => row.task.task === selected);
  useReveal(host, selected, index, ROW, ticks.length > 0 ? ROW : 0);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const next = rowAfter(event.key, index, rows.length);
    if (next !== null) {
      event.preventDefault();
      onSelect(rows[next].task.task);
    }
  };
  if (rows.length === 0) {
    return <EmptyNote title={trans.__('There are no tasks yet.')} />;
  }
  return (
    <div
      className="jp-mlops-Gantt"
      ref={host}
      role="listbox"
      aria-label={trans.__('When each task ran')}
      aria-activedescendant={index >= first && index < last ? `${id}${index}` : undefined}
      tabIndex={0}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      {ticks.length > 0 ? <Axis ticks={ticks} /> : null}
      <div className="jp-mlops-GanttRows" style={{ height: rows.length * ROW }} role="presentation">
        {rows.slice(first, last).map((row, offset) => (
          <Row
            key={row.task.task}
            {...{ trans, row, begin }}
            id={`${id}${first + offset}`}
            top={(first + offset) * ROW}
            isSelected={row.task.task === selected}
            onSelect={onSelect}
          />
        ))}
      </div>
    </div>
  );
}

function Axis(props: { ticks: GanttTick[] }): React.ReactElement {
  return (
    <div className="jp-mlops-GanttAxis" aria-hidden="true">
      <span className="jp-mlops-GanttName" />
      <div className="jp-mlops-GanttTrack">
        {props.ticks.map(tick => (
          <span
            key={tick.seconds}
            className={`jp-mlops-GanttTick${tick.at > 0.93 ? ' jp-mlops-mod-last' : ''}`}
            style={{ left: `${tick.at * 100}%` }}
          >
            {tick.seconds === 0 ? '0' : roundText(tick.seconds)}
          </span>
        ))}
      </div>
      <span className="jp-mlops-GanttTime" />
    </div>
  );
}

interface RowProps {
  id: string;
  trans: TranslationBundle;
  row: GanttRow;
  begin: number;
  top: number;
  isSelected: boolean;
  onSelect: (task: string) => void;
}

function Row({ id, trans, row, begin, top, isSelected, onSelect }: RowProps): React.ReactElement {
  const { task, bars } = row;
  const last = bars[bars.length - 1];
  const length = last ? (last.finished === null ? null : last.finished - last.started) : task.seconds;
  return (
    <div
      className={`jp-mlops-GanttRow${isSelected ? ' jp-mlops-mod-selected' : ''}`}
      style={{ top, height: ROW }}
      role="option"
      id={id}
      aria-selected={isSelected}
      data-task={task.task}
      onClick={() => onSelect(task.task)}
    >
      <span className="jp-mlops-GanttName" title={task.task}>
        <StateMark state={task.state} trans={trans} iconOnly />
        <span className="jp-mlops-Cut">{task.task}</span>
      </span>
      <div className="jp-mlops-GanttTrack">
        {bars.map(bar => (
          <span
            key={bar.attempt}
            className={`jp-mlops-GanttBar jp-mlops-mod-${bar.state}`}
            style={{ left: `${bar.from * 100}%`, width: `max(3px, ${(bar.to - bar.from) * 100}%)` }}
            title={barText(bar, begin, trans)}
          >
            {bars.length > 1 ? <span className="jp-mlops-GanttAttempt">{bar.attempt}</span> : null}
          </span>
        ))}
        {bars.length === 0 ? <Idle task={task} trans={trans} /> : null}
      </div>
      <span className="jp-mlops-GanttTime">{bars.length > 0 && length !== null ? durationText(length) : ''}</span>
    </div>
  );
}

/** A task without an attempt: its state as a word, in place of a bar. */
function Idle(props: { task: Task; trans: TranslationBundle }): React.ReactElement {
  const { task, trans } = props;
  return (
    <span className="jp-mlops-GanttIdle" title={task.reason}>
      {stateWord(task.state, trans)}
      {task.reason ? ` · ${task.reason}` : ''}
    </span>
  );
}

function barText(bar: Bar, begin: number, trans: TranslationBundle): string {
  const state = `${stateIcon(bar.state)} ${stateWord(bar.state, trans)}`;
  const times = [
    trans.__('attempt %1', bar.attempt),
    trans.__('from %1 (+%2)', clockText(bar.started), durationText(bar.started - begin) || '0'),
    bar.finished === null ? '' : trans.__('to %1', clockText(bar.finished)),
    bar.finished === null ? '' : durationText(bar.finished - bar.started),
    bar.reason
  ];
  return [state, ...times].filter(Boolean).join('\n');
}

function clockText(at: number): string {
  return new Date(at * 1000).toLocaleTimeString();
}
