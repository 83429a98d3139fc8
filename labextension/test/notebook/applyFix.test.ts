import { describe, expect, it } from 'vitest';
import { applyFix } from '../../src/notebook/applyFix';
import { FakeNotebook } from '../fakes/cells';

function notebook(source: string): FakeNotebook {
  return new FakeNotebook([{ id: 'c0', source, ours: { step: 'train', cpu: 2 } }]);
}

const text = (fake: FakeNotebook): string => fake.model.cells.get(0).sharedModel.getSource();

describe('applyFix', () => {
  it('merges metadata: null removes a key, others stay', () => {
    const fake = notebook('a');
    applyFix(fake.notebook, { title: '', edits: [{ cell: 'c0', metadata: { step: null, role: 'setup' } }] });
    expect(fake.ours[0]).toEqual({ role: 'setup', cpu: 2 });
  });

  it('leaves no empty metadata behind', () => {
    const fake = notebook('a');
    applyFix(fake.notebook, { title: '', edits: [{ cell: 'c0', metadata: { step: null, cpu: null } }] });
    expect(fake.ours[0]).toBeUndefined();
  });

  it('counts lines as they were before any of its changes', () => {
    const fake = notebook('one\ntwo\nthree');
    const edits = [
      { cell: 'c0', line: 1, insert: 'zero\nhalf' },
      { cell: 'c0', line: 3, replace: 'THREE' },
      { cell: 'c0', line: 4, insert: 'four' }
    ];
    applyFix(fake.notebook, { title: '', edits });
    expect(text(fake)).toBe('zero\nhalf\none\ntwo\nTHREE\nfour');
  });

  it('is one step of the notebook’s undo', () => {
    const fake = notebook('a');
    const edits = [
      { cell: 'c0', line: 1, replace: 'b' },
      { cell: 'c0', metadata: { role: 'setup' } }
    ];
    expect(applyFix(fake.notebook, { title: '', edits })).toBe(true);
    fake.model.sharedModel.undo();
    expect([text(fake), fake.ours[0]]).toEqual(['a', { step: 'train', cpu: 2 }]);
  });

  it('changes nothing when a cell of it is gone', () => {
    const fake = notebook('a');
    const edits = [
      { cell: 'c0', line: 1, replace: 'b' },
      { cell: 'gone', line: 1, replace: 'b' }
    ];
    expect(applyFix(fake.notebook, { title: '', edits })).toBe(false);
    expect(text(fake)).toBe('a');
  });
});
