import { describe, expect, it } from 'vitest';
import { ours, withOption, withPipelineSetting, withRole, withStep } from '../../src/notebook/metadata';

describe('the metadata of a cell', () => {
  it('counts as absent when something else is under our key', () => {
    expect(ours({ jupyter_mlops: 'train' })).toBeUndefined();
    expect(ours({ jupyter_mlops: ['train'] })).toBeUndefined();
    expect(ours({ jupyter_mlops: null })).toBeUndefined();
    expect(ours({ other: 1 })).toBeUndefined();
    expect(ours({ jupyter_mlops: { step: 'train' } })).toEqual({ step: 'train' });
  });

  it('gets a role, loses its step, and keeps options and keys that we do not know', () => {
    const before = { role: 'step', step: 'train', title: 'Train', cpu: 2, future: { a: 1 } };
    expect(withRole(before, 'setup')).toEqual({ role: 'setup', cpu: 2, future: { a: 1 } });
    expect(before.step).toBe('train');
  });

  it('is gone when nothing but role and step were there and they are cleared', () => {
    expect(withRole({ role: 'step', step: 'train', title: 'Train' }, null)).toBeUndefined();
    expect(withRole({ role: 'skip', cpu: 1 }, null)).toEqual({ cpu: 1 });
    expect(withRole(undefined, null)).toBeUndefined();
  });

  it('gets a step, and keeps the title only as long as the step is the same', () => {
    const before = { step: 'train', title: 'Train it', retries: 2 };
    expect(withStep(before, 'train')).toEqual({ role: 'step', step: 'train', title: 'Train it', retries: 2 });
    expect(withStep(before, 'fit')).toEqual({ role: 'step', step: 'fit', retries: 2 });
    expect(withStep(undefined, 'fit')).toEqual({ role: 'step', step: 'fit' });
  });

  it('keeps the place of an option that is changed, and is gone with its last one', () => {
    expect(Object.keys(withOption({ cpu: 1, gpu: 2 }, 'cpu', 4) ?? {})).toEqual(['cpu', 'gpu']);
    expect(withOption({ cpu: 1 }, 'cpu', undefined)).toBeUndefined();
    expect(withOption({ cpu: 1 }, 'cache', false)).toEqual({ cpu: 1, cache: false });
  });
});

describe("the notebook's metadata", () => {
  it('get a setting of the pipeline beside the others', () => {
    const before = { pipeline: { name: 'a', defaults: { cpu: 1 } }, future: 1 };
    expect(withPipelineSetting(before, 'experiment', 'e')).toEqual({
      pipeline: { name: 'a', defaults: { cpu: 1 }, experiment: 'e' },
      future: 1
    });
  });

  it('are gone with the last setting', () => {
    expect(withPipelineSetting({ pipeline: { name: 'a' } }, 'name', undefined)).toBeUndefined();
  });
});
