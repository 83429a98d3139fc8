import { Task } from '../api/shapes';
import { countStates, groupedBySteps } from '../model/tasks';

/** The state of a step in a run: that of its task, or of the tasks of its loop together. */
export interface StepState {
  state: string;
  /** The task to look at first: one in that state. */
  task: string;
  /** How many tasks there are in each state. */
  counts: ReadonlyMap<string, number>;
  seconds: number | null;
  reason: string;
}

/** Of several tasks the first of these states that one has is the step's. */
const WORST_FIRST = ['failed', 'running', 'canceled', 'pending', 'succeeded', 'cached', 'skipped'];

/** The steps of a run with their states, from one walk over the tasks. */
export function stepStates(tasks: readonly Task[]): Map<string, StepState> {
  return new Map([...groupedBySteps(tasks)].map(([step, own]) => [step, together(own)]));
}

function together(tasks: readonly Task[]): StepState {
  const counts = new Map(Object.entries(countStates(tasks)));
  const shown = [...tasks].sort((one, other) => rank(one.state) - rank(other.state))[0];
  const { state, task, seconds, reason } = shown;
  return { state, task, counts, seconds: tasks.length === 1 ? seconds : null, reason };
}

function rank(state: string): number {
  const index = WORST_FIRST.indexOf(state);
  return index < 0 ? WORST_FIRST.length : index;
}
