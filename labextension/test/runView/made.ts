import { Graph, Run, Task } from '../../src/api/shapes';

/** A task as the server gives it. */
export function taskOf(task: string, other: Partial<Task> = {}): Task {
  return {
    task,
    step: task.replace(/\[\d+\]$/, ''),
    group: '',
    state: 'succeeded',
    attempt: 1,
    seconds: 1,
    started: null,
    finished: null,
    attempts: [],
    item: null,
    cached: false,
    cached_from: '',
    reason: '',
    why: [],
    key: {},
    notes: [],
    error: null,
    inputs: [],
    outputs: {},
    notebook: true,
    log: true,
    ...other
  };
}

export function runOf(tasks: Task[], other: Partial<Run> = {}): Run {
  return {
    run: '01a1ff3c-0000-7000-8000-000000000001',
    pipeline: 'wine',
    experiment: 'cellar',
    state: 'succeeded',
    reason: '',
    created: 1000,
    started: 1000,
    finished: 1010,
    seconds: 10,
    target: 'local',
    user: 'ada',
    interrupted: false,
    tags: {},
    notebook: true,
    source: 'wine.ipynb',
    params: {},
    metrics: {},
    environment: {},
    tasks,
    ...other
  };
}

export function graphOf(steps: string[]): Graph {
  return {
    name: 'wine',
    steps: steps.map(name => ({ name, kind: 'cells', cells: [], after: [], inputs: [], outputs: [] })),
    edges: steps.slice(1).map((to, index) => ({ from: steps[index], to, names: ['df'] }))
  };
}
