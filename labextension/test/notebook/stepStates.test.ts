import { describe, expect, it } from 'vitest';
import { Task, TaskState } from '../../src/api/shapes';
import { stepStates } from '../../src/notebook/stepStates';

function task(step: string, state: TaskState, name = step): Task {
  return { step, state, task: name, seconds: 2, reason: `${name} is ${state}` } as Task;
}

describe('the states of steps in a run', () => {
  it('are those of their tasks', () => {
    const states = stepStates([task('load', 'cached'), task('train', 'failed')]);
    expect(states.get('load')).toMatchObject({ state: 'cached', task: 'load', seconds: 2 });
    expect(states.get('train')).toMatchObject({ state: 'failed', reason: 'train is failed' });
    expect(states.get('report')).toBeUndefined();
  });

  it('is failed as soon as one task of a loop has failed, and names that task', () => {
    const states = stepStates([
      task('fit', 'succeeded', 'fit[0]'),
      task('fit', 'failed', 'fit[1]'),
      task('fit', 'running', 'fit[2]')
    ]);
    const fit = states.get('fit')!;
    expect([fit.state, fit.task, fit.seconds]).toEqual(['failed', 'fit[1]', null]);
    expect([...fit.counts]).toEqual([
      ['succeeded', 1],
      ['failed', 1],
      ['running', 1]
    ]);
  });

  it('is running while some tasks of a loop are done and others are not', () => {
    expect(stepStates([task('fit', 'succeeded', 'a'), task('fit', 'running', 'b')]).get('fit')?.state).toBe('running');
    expect(stepStates([task('fit', 'succeeded', 'a'), task('fit', 'pending', 'b')]).get('fit')?.state).toBe('pending');
  });

  it('leaves a state of a later version as it is', () => {
    expect(stepStates([task('fit', 'paused' as TaskState)]).get('fit')?.state).toBe('paused');
  });
});
