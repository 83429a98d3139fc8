import { ListedRun, Run, RunState, Task, TaskState } from '../../src/api/shapes';

/** A run as the server answers it. */
export function runOf(state: RunState, tasks: Task[] = []): Run {
  return {
    run: 'one',
    pipeline: 'work',
    experiment: '',
    state,
    reason: '',
    started: 1,
    seconds: 1,
    target: 'local',
    notebook: false,
    source: 'work.ipynb',
    params: {},
    metrics: {},
    tasks
  };
}

export function taskOf(task: string, step: string, state: TaskState): Task {
  return {
    task,
    step,
    group: '',
    state,
    attempt: 1,
    seconds: null,
    cached: false,
    cached_from: '',
    reason: '',
    why: [],
    notes: [],
    error: null,
    outputs: {},
    notebook: false,
    log: false
  };
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
