import { ListedRun, Run, RunState, Task, TaskState } from '../../src/api/shapes';
import { run, task } from '../samples/shapes';

/** A run as the server answers it. */
export function runOf(state: RunState, tasks: Task[] = []): Run {
  return run(tasks, { run: 'one', pipeline: 'work', state, source: 'work.ipynb' });
}

export function taskOf(name: string, step: string, state: TaskState): Task {
  return task(name, { step, state });
}

/** A run as a list has it. */
export function listedRunOf(run: string, notebook: string | null = 'work.ipynb'): ListedRun {
  return {
    run,
    pipeline: 'work',
    experiment: '',
    state: 'running',
    reason: '',
    created: 1,
    started: 1,
    finished: null,
    seconds: null,
    notebook,
    target: 'local',
    user: '',
    params: {},
    metrics: {},
    tags: {},
    tasks: {}
  };
}
