import { ListedRun } from '../api/shapes';

/** A pipeline whose newest run that ended by itself failed: that run, and how many failed in a row before it. */
export interface Attention {
  run: ListedRun;
  earlier: number;
}

/**
 * What needs attention: of each pipeline the newest failed run, unless a newer run succeeded. Newest first.
 * `succeeded` says when each pipeline's newest success was created.
 */
export function needsAttention(
  failed: readonly ListedRun[],
  succeeded: ReadonlyMap<string, number>,
  since: number
): Attention[] {
  const found = new Map<string, Attention>();
  for (const run of [...failed].sort((one, other) => other.created - one.created)) {
    if (run.state !== 'failed' || run.created < since || run.created <= (succeeded.get(run.pipeline) ?? -Infinity)) {
      continue;
    }
    const newer = found.get(run.pipeline);
    if (newer) {
      newer.earlier += 1;
    } else {
      found.set(run.pipeline, { run, earlier: 0 });
    }
  }
  return [...found.values()];
}

/** How far a run is: tasks that are over, and all. */
export function progressOf(run: ListedRun): { done: number; total: number } {
  const counts = Object.entries(run.tasks);
  const sum = (items: [string, number][]): number => items.reduce((total, [, count]) => total + count, 0);
  return { done: sum(counts.filter(([state]) => state !== 'pending' && state !== 'running')), total: sum(counts) };
}
