import { Graph, Step, Task, ValueInfo } from '../api/shapes';
import type { GraphData, GraphEdge, GraphNode } from '../graph';
import { bytesText, durationText } from '../ui/looks';
import { countsOf, loopState } from './progress';

/** A run as the graph is drawn: each step with its state and time, each edge with what flowed. */
export function graphOfRun(graph: Graph, tasks: readonly Task[]): GraphData {
  const steps = new Map<string, Task[]>();
  for (const task of tasks) {
    steps.set(task.step, [...(steps.get(task.step) ?? []), task]);
  }
  return {
    name: graph.name,
    nodes: graph.steps.map(step => nodeOf(step, steps.get(step.name) ?? [])),
    edges: graph.edges.map(edge => ({ ...edge, details: flowOf(edge, steps.get(edge.from) ?? []) }))
  };
}

function nodeOf(step: Step, tasks: readonly Task[]): GraphNode {
  const [task] = tasks;
  const described = {
    name: step.name,
    title: step.title ?? '',
    group: step.group ?? '',
    kind: step.kind,
    loop: step.for_each ?? undefined,
    when: step.when ?? undefined,
    exit: step.exit,
    inputs: step.inputs,
    outputs: step.outputs
  };
  if (!task) {
    return { ...described, state: step.state ?? '', subtitle: '', details: '' };
  }
  if (tasks.some(item => item.task !== step.name)) {
    const items = countsOf(tasks);
    return { ...described, state: loopState(items), subtitle: '', details: '', items };
  }
  const isDone = task.attempt > 0 && task.state !== 'running';
  const details = [task.reason, ...task.notes].filter(Boolean).join('\n');
  return { ...described, state: task.state, subtitle: isDone ? durationText(task.seconds) : '', details };
}

/** Type and size of each value that flowed along an edge, a line a value. */
function flowOf(edge: GraphEdge, makers: readonly Task[]): string {
  const outputs: { [name: string]: ValueInfo } = makers[0]?.outputs ?? {};
  return edge.names
    .filter(name => outputs[name])
    .map(name => {
      const { type, shape, bytes } = outputs[name];
      const size = bytes === null ? '' : bytesText(bytes);
      return [`${name}: ${type}`, shape ? shape.join(' × ') : '', size].filter(Boolean).join(', ');
    })
    .join('\n');
}

/** The task to show of a step: the one that failed or runs, else the first. */
export function taskOfStep(tasks: readonly Task[], step: string): Task | undefined {
  const items = tasks.filter(task => task.step === step);
  const worst = loopState(countsOf(items));
  return items.find(task => task.state === 'failed') ?? items.find(task => task.state === worst) ?? items[0];
}
