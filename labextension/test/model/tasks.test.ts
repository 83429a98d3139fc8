import { expect, it } from 'vitest';
import { countStates, groupedBySteps } from '../../src/model/tasks';
import { task } from '../samples/shapes';

const tasks = [
  task('load'),
  task('train[0]', { step: 'train', state: 'running' }),
  task('plot'),
  task('train[1]', { step: 'train', state: 'pending' })
];

it('counts tasks by their state', () => {
  expect(countStates(tasks)).toEqual({ succeeded: 2, running: 1, pending: 1 });
});

it('groups the tasks of a loop, in their order', () => {
  const groups = [...groupedBySteps(tasks)].map(([step, items]) => [step, ...items.map(item => item.task)]);
  expect(groups).toEqual([
    ['load', 'load'],
    ['train', 'train[0]', 'train[1]'],
    ['plot', 'plot']
  ]);
});
