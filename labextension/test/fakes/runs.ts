import { ListedRun, Run, RunState, Task, TaskState } from '../../src/api/shapes';
import { listed, run, task } from '../samples/shapes';

/** A run as the server answers it. */
export function runOf(state: RunState, tasks: Task[] = []): Run {
  return run(tasks, { run: 'one', pipeline: 'work', state, source: 'work.ipynb' });
}

export function taskOf(name: string, step: string, state: TaskState): Task {
  return task(name, { step, state });
}

/** A run that goes on, as a list has it. */
export function listedRunOf(name: string, notebook: string | null = 'work.ipynb'): ListedRun {
  return listed(name, { state: 'running', notebook, finished: null, seconds: null });
}
