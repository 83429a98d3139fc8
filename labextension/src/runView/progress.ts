import { Graph, MetricPoint, Task } from '../api/shapes';
import { Counts, countStates, groupedBySteps } from '../model/tasks';

/** What needs nothing more: the graph counts the same. */
const DONE = ['succeeded', 'cached', 'skipped'];
/** What is worth a look comes first; the bar of a run is drawn in this order too. */
const ORDER = ['failed', 'running', 'succeeded', 'cached', 'canceled', 'skipped', 'pending'];

/** How many tasks are in each state; what is worth a look comes first. */
export function countsOf(tasks: readonly Task[]): Counts {
  return Object.fromEntries(Object.entries(countStates(tasks)).sort(([one], [other]) => rank(one) - rank(other)));
}

/** How many steps are done, of how many; a loop is one step, done when all of its tasks are. */
export function stepsDone(graph: Graph | null, tasks: readonly Task[]): { done: number; total: number } {
  const steps = groupedBySteps(tasks);
  const total = Math.max(graph?.steps.length ?? 0, steps.size);
  const done = [...steps.values()].filter(items => items.every(task => DONE.includes(task.state))).length;
  return { done, total };
}

/** The last value of each metric: while a run goes on its points are newer than what it was loaded with. */
export function latestMetrics(
  loaded: { readonly [name: string]: number | null },
  points: ReadonlyMap<string, readonly MetricPoint[]>
): { [name: string]: number | null } {
  const latest = { ...loaded };
  for (const [name, series] of points) {
    const last = series[series.length - 1];
    latest[name] = last ? last.value : (latest[name] ?? null);
  }
  return latest;
}

/** A row of the list of tasks: a task, or a loop with all of its tasks. */
export type TaskRow =
  | { kind: 'task'; task: Task; nested: boolean }
  | { kind: 'loop'; step: string; counts: Counts; size: number; open: boolean };

/** Tasks in their order; those of a loop below one row, and only if it is `open`. */
export function taskRows(tasks: readonly Task[], open: ReadonlySet<string>): TaskRow[] {
  const rows: TaskRow[] = [];
  for (const [step, items] of groupedBySteps(tasks)) {
    const isLoop = items.some(task => task.task !== step);
    if (isLoop) {
      rows.push({ kind: 'loop', step, counts: countsOf(items), size: items.length, open: open.has(step) });
    }
    if (!isLoop || open.has(step)) {
      rows.push(...items.map((task): TaskRow => ({ kind: 'task', task, nested: isLoop })));
    }
  }
  return rows;
}

/** The state that stands for a loop: what needs a look, before what is done. */
export function loopState(counts: Counts): string {
  return counts.running ? 'running' : (ORDER.find(state => counts[state]) ?? 'pending');
}

/** The task to show of a step: the one that failed or runs, else the first. */
export function taskOfStep(tasks: readonly Task[], step: string): Task | undefined {
  const items = tasks.filter(task => task.step === step);
  const worst = loopState(countsOf(items));
  return items.find(task => task.state === 'failed') ?? items.find(task => task.state === worst) ?? items[0];
}

function rank(state: string): number {
  const found = ORDER.indexOf(state);
  return found < 0 ? ORDER.length : found;
}
