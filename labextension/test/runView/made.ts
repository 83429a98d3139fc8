import { Graph, Run, Task } from '../../src/api/shapes';
import { run, step, task } from '../samples/shapes';

/** A task by its name; `train[0]` is one of the loop `train`. It began only if the test says so. */
export function taskOf(name: string, more: Partial<Task> = {}): Task {
  return task(name, { step: name.replace(/\[\d+\]$/, ''), seconds: 1, started: null, finished: null, ...more });
}

/** A run of the pipeline `wine`. */
export function runOf(tasks: Task[], more: Partial<Run> = {}): Run {
  return run(tasks, { pipeline: 'wine', experiment: 'cellar', source: 'wine.ipynb', started: 1000, ...more });
}

/** A chain of steps. */
export function graphOf(names: string[]): Graph {
  const edges = names.slice(1).map((to, index) => ({ from: names[index], to, names: ['df'] }));
  return { name: 'wine', steps: names.map(name => step(name)), edges };
}
