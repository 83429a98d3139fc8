import { Task } from '../api/shapes';

/** How many tasks are in each state. */
export type Counts = { [state: string]: number };

/** Count tasks by their state; states are in the order in which they come up. */
export function countStates(tasks: readonly Task[]): Counts {
  const counts: Counts = {};
  for (const task of tasks) {
    counts[task.state] = (counts[task.state] ?? 0) + 1;
  }
  return counts;
}

/** Tasks by their step, in their order: one, or those of a loop. */
export function groupedBySteps(tasks: readonly Task[]): Map<string, Task[]> {
  const steps = new Map<string, Task[]>();
  for (const task of tasks) {
    const items = steps.get(task.step) ?? [];
    items.push(task);
    steps.set(task.step, items);
  }
  return steps;
}
