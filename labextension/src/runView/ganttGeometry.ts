import { Task } from '../api/shapes';
import { elapsed } from '../api/clock';

/** A stretch of time of one attempt; `from` and `to` are parts of the whole width, 0 to 1. */
export interface Bar {
  attempt: number;
  state: string;
  from: number;
  to: number;
  started: number;
  /** Null while it goes on. */
  finished: number | null;
  reason: string;
}

/** A task in the time line. One that never began has no bars. */
export interface GanttRow {
  task: Task;
  bars: Bar[];
}

export interface GanttTick {
  at: number;
  seconds: number;
}

export interface GanttGeometry {
  rows: GanttRow[];
  ticks: GanttTick[];
  /** Seconds from the left edge to the right. */
  span: number;
  begin: number;
}

interface Stretch {
  attempt: number;
  state: string;
  started: number;
  finished: number | null;
  reason: string;
}

/** Rows in the order of their start, those that never began at the end; and round times for the axis. */
export function ganttOf(tasks: readonly Task[], begun: number | null, now: number): GanttGeometry {
  const stretches = new Map(tasks.map(task => [task.task, stretchesOf(task)]));
  const all = [...stretches.values()].flat();
  const begin = all.reduce((earliest, item) => Math.min(earliest, item.started), begun ?? Infinity);
  if (all.length === 0) {
    return { rows: tasks.map(task => ({ task, bars: [] })), ticks: [], span: 0, begin: begun ?? now };
  }
  const end = all.reduce((latest, item) => Math.max(latest, item.finished ?? Math.max(now, item.started)), begin);
  // Ticks are told in whole milliseconds.
  const span = Math.max(end - begin, 0.01);
  const rows = tasks.map(task => ({
    task,
    bars: (stretches.get(task.task) ?? []).map(item => barOf(item, begin, span, now))
  }));
  // What came from the cache was there at the beginning.
  const first = (row: GanttRow): number => row.bars[0]?.started ?? (row.task.state === 'cached' ? begin : Infinity);
  const order = new Map(tasks.map((task, index) => [task.task, index]));
  const before = (one: GanttRow, other: GanttRow): number =>
    (order.get(one.task.task) ?? 0) - (order.get(other.task.task) ?? 0);
  rows.sort((one, other) => (first(one) === first(other) ? before(one, other) : first(one) < first(other) ? -1 : 1));
  return { rows, ticks: ticksOf(span), span, begin };
}

/** At most seven round times from 0 to `span` seconds. */
export function ticksOf(span: number): GanttTick[] {
  const step = roundStep(span / 6);
  const count = Math.floor(span / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => ({ seconds: index * step, at: (index * step) / span }));
}

const SEXAGESIMAL = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

function roundStep(least: number): number {
  const found = least > 30 ? SEXAGESIMAL.find(step => step >= least) : undefined;
  if (found !== undefined) {
    return found;
  }
  const power = 10 ** Math.floor(Math.log10(least));
  const wanted = [1, 2, 5, 10].find(factor => factor * power >= least * 0.9999) ?? 10;
  return wanted * power;
}

function barOf(item: Stretch, begin: number, span: number, now: number): Bar {
  const length = elapsed(item.started, item.finished, now) ?? 0;
  const from = clamp((item.started - begin) / span);
  return { ...item, from, to: clamp(from + length / span) };
}

function clamp(part: number): number {
  return Math.min(1, Math.max(0, part));
}

/** The attempts of a task; of one whose attempts are not told, the latest. */
function stretchesOf(task: Task): Stretch[] {
  const told = (task.attempts ?? []).filter(item => item.started !== null);
  if (told.length > 0) {
    return told.map(item => ({ ...item, started: item.started ?? 0 }));
  }
  if (task.started === null || task.started === undefined || task.state === 'skipped') {
    return [];
  }
  const { state, reason, attempt, started, finished = null } = task;
  return [{ state, reason, attempt, started, finished }];
}
