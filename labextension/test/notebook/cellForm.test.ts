import { describe, expect, it } from 'vitest';
import { CellPlace } from '../../src/api/shapes';
import { changed } from '../../src/notebook/cellForm';

const place: CellPlace = { cell: 0, id: 'a', role: 'step', step: 'load' };

describe('a value that is set in the property inspector', () => {
  it('makes the cell one of the step that is named', () => {
    expect(changed({ role: 'setup', cpu: 1 }, 'step', 'fit', place)).toEqual({ role: 'step', step: 'fit', cpu: 1 });
  });

  it('names the step that was found when only the role is set', () => {
    expect(changed(undefined, 'role', 'step', place)).toEqual({ role: 'step', step: 'load' });
    expect(changed({ step: 'fit' }, 'role', 'step', place)).toEqual({ role: 'step', step: 'fit' });
    expect(changed(undefined, 'role', 'step', undefined)).toEqual({ role: 'step' });
  });

  it('is else written as it is, and removes its key when it is empty', () => {
    expect(changed({ role: 'step', step: 'a' }, 'cache', false, place)).toEqual({
      role: 'step',
      step: 'a',
      cache: false
    });
    expect(changed({ step: 'a', cpu: 1 }, 'cpu', undefined, place)).toEqual({ step: 'a' });
    expect(changed({ step: 'a' }, 'step', undefined, place)).toBeUndefined();
  });
});
