import { Analysis, Diagnostic, ListedRun, Run, Step, Target, Task } from '../../src/api/shapes';

/** A target that can be used. */
export function target(name: string, more: Partial<Target> = {}): Target {
  const place = { context: '', namespace: '', image: '' };
  return { name, missing: '', hint: '', ...place, capabilities: [], settings: [], ...more };
}

/** A step with nothing but its name, and what a test gives. */
export function step(name: string, more: Partial<Step> = {}): Step {
  return { name, kind: 'cells', cells: [1], after: [], inputs: [], outputs: [], ...more };
}

export function task(name: string, more: Partial<Task> = {}): Task {
  return {
    task: name,
    step: name,
    group: '',
    state: 'succeeded',
    attempt: 1,
    seconds: 1.5,
    started: 10,
    finished: 11.5,
    attempts: [],
    item: null,
    cached: false,
    cached_from: '',
    reason: '',
    why: [],
    key: {},
    notes: [],
    waiting: '',
    error: null,
    inputs: [],
    outputs: {},
    notebook: true,
    log: true,
    peak_memory: null,
    memory_limit: null,
    ...more
  };
}

export function run(tasks: Task[], more: Partial<Run> = {}): Run {
  return {
    run: 'r1',
    pipeline: 'p',
    experiment: 'e',
    state: 'succeeded',
    reason: '',
    created: 9,
    started: 10,
    finished: 20,
    seconds: 10,
    target: 'local',
    user: 'alice',
    interrupted: false,
    tags: {},
    notebook: true,
    source: 'p.ipynb',
    params: {},
    metrics: {},
    environment: {},
    tasks,
    ...more
  };
}

/** A run as a list has it. */
export function listed(name: string, more: Partial<ListedRun> = {}): ListedRun {
  return {
    run: name,
    pipeline: 'p',
    experiment: 'e',
    state: 'succeeded',
    reason: '',
    created: 100,
    started: 100,
    finished: 105,
    seconds: 5,
    notebook: 'p.ipynb',
    target: 'local',
    user: 'alice',
    interrupted: false,
    params: {},
    metrics: {},
    tags: {},
    tasks: {},
    ...more
  };
}

export function diagnostic(more: Partial<Diagnostic> = {}): Diagnostic {
  return {
    code: 'MLO101',
    severity: 'error',
    message: 'Nothing sets `x`.',
    hint: 'Set it above.',
    name: 'x',
    step: 'load',
    cell: 2,
    cell_id: 'c2',
    line: 3,
    notebook: '',
    fixes: [],
    ...more
  };
}

export function analysis(steps: Step[], more: Partial<Analysis> = {}): Analysis {
  return {
    name: 'p',
    origin: 'headings',
    steps,
    edges: [],
    cells: [],
    parameters: [],
    diagnostics: [],
    ...more
  };
}
