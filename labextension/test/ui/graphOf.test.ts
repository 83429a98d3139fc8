import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { graphOf, graphOfRun, handedText, RunOnGraph } from '../../src/ui/graphOf';
import { analysis, diagnostic, run, step, task } from '../samples/shapes';

const trans = nullTranslator.load('');
const X = { type: 'pandas.DataFrame', digest: 'd', shape: [143, 30], bytes: 35464, text: '' };

function last(states: { [step: string]: string }, tasks = Object.keys(states).map(name => task(name))): RunOnGraph {
  const steps = Object.entries(states).map(([name, state]) => step(name, { state }));
  return {
    run: run(tasks),
    graph: { name: 'p', steps, edges: [] },
    tasksOf: name => tasks.filter(item => item.step === name)
  };
}

describe('graphOf', () => {
  const found = analysis([step('load', { outputs: ['X'] }), step('train', { inputs: ['X'], cells: [3, 4] })], {
    edges: [{ from: 'load', to: 'train', names: ['X'] }]
  });

  it('has no states before the first run', () => {
    const graph = graphOf(found, null, trans);
    expect(graph.nodes.map(node => [node.name, node.state, node.subtitle])).toEqual([
      ['load', '', '1 cell'],
      ['train', '', '2 cells']
    ]);
    expect(graph.edges).toEqual([{ from: 'load', to: 'train', names: ['X'], details: undefined }]);
  });

  it('shows states, times and values of the last run', () => {
    const graph = graphOf(found, last({ load: 'succeeded' }, [task('load', { outputs: { X } })]), trans);
    expect(graph.nodes[0]).toMatchObject({ state: 'succeeded', subtitle: '1.5 s' });
    expect(graph.edges[0].details).toBe('X: pandas.DataFrame 143 × 30, 34.6 KiB');
  });

  it('leaves a step that the run did not have as it is', () => {
    const graph = graphOf(found, last({ load: 'failed' }), trans);
    expect(graph.nodes.map(node => node.state)).toEqual(['failed', '']);
  });

  it('counts the tasks of a loop by their states', () => {
    const tasks = ['succeeded', 'running', 'succeeded'].map((state, index) =>
      task(`load[${index}]`, { step: 'load', state: state as 'running' })
    );
    expect(graphOf(found, last({ load: 'running' }, tasks), trans).nodes[0].items).toEqual({
      succeeded: 2,
      running: 1
    });
  });

  it('marks a step with how many errors and warnings it has', () => {
    const diagnostics = [diagnostic({ severity: 'warning' }), diagnostic(), diagnostic({ severity: 'info' })];
    const graph = graphOf({ ...found, diagnostics }, null, trans);
    expect(graph.nodes.map(node => node.badge)).toEqual([{ text: '2', severity: 'error' }, undefined]);
  });

  it('gives no time for a task that came from the cache', () => {
    const cached = task('load', { state: 'cached', cached: true, seconds: 5 });
    expect(graphOf(found, last({ load: 'cached' }, [cached]), trans).nodes[0].subtitle).toBe('');
  });
});

it('says at a step that its task waits, and why', () => {
  const graph = { name: 'p', steps: [step('load', { state: 'running' })], edges: [] };
  const tasks = [task('load', { state: 'running', waiting: 'The image is pulled.' })];
  const [node] = graphOfRun({ run: run(tasks), graph, tasksOf: () => tasks }, trans).nodes;
  expect([node.subtitle, node.details]).toEqual(['waits', 'load waits: The image is pulled.']);
});

it('counts the tasks of loops only, and gives no time to what never began', () => {
  const graph = { name: 'p', steps: [step('load', { state: 'canceled', items: {} })], edges: [] };
  const tasks = [task('load', { state: 'canceled', attempt: 0, seconds: 0 })];
  const [node] = graphOfRun({ run: run(tasks), graph, tasksOf: () => tasks }, trans).nodes;
  expect([node.items, node.subtitle]).toEqual([undefined, '']);
});

it('draws a run that is not loaded yet as nothing', () => {
  expect(graphOfRun({ run: null, graph: null, tasksOf: () => [] }, trans)).toEqual({ name: '', nodes: [], edges: [] });
});

it('says type, shape and size of a value as far as they are known', () => {
  expect(handedText({ ...X, shape: null, bytes: null })).toBe('pandas.DataFrame');
  expect(handedText({ ...X, shape: [] })).toBe('pandas.DataFrame, 34.6 KiB');
});
