import { NotebookModel } from '@jupyterlab/notebook';
import { describe, expect, it } from 'vitest';
import { applyFix } from '../../src/panel/applyFix';

function notebook(...sources: string[]): NotebookModel {
  const model = new NotebookModel();
  model.fromJSON({
    cells: sources.map((source, index) => ({
      cell_type: 'code',
      id: `c${index}`,
      source,
      metadata: { jupyter_mlops: { step: 'train', cpu: 2 } },
      outputs: [],
      execution_count: null
    })),
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5
  });
  return model;
}

describe('applyFix', () => {
  it('merges metadata: null removes a key, others stay', () => {
    const model = notebook('a');
    applyFix(model, { title: '', edits: [{ cell: 'c0', metadata: { step: null, role: 'setup' } }] });
    expect(model.cells.get(0).getMetadata('jupyter_mlops')).toEqual({ role: 'setup', cpu: 2 });
  });

  it('leaves no empty metadata behind', () => {
    const model = notebook('a');
    applyFix(model, { title: '', edits: [{ cell: 'c0', metadata: { step: null, cpu: null } }] });
    expect(model.cells.get(0).getMetadata('jupyter_mlops')).toBeUndefined();
  });

  it('counts lines as they were before any of its changes', () => {
    const model = notebook('one\ntwo\nthree');
    const edits = [
      { cell: 'c0', line: 1, insert: 'zero\nhalf' },
      { cell: 'c0', line: 3, replace: 'THREE' },
      { cell: 'c0', line: 4, insert: 'four' }
    ];
    applyFix(model, { title: '', edits });
    expect(model.cells.get(0).sharedModel.getSource()).toBe('zero\nhalf\none\ntwo\nTHREE\nfour');
  });

  it('changes nothing when a cell of it is gone', () => {
    const model = notebook('a');
    const edits = [
      { cell: 'c0', line: 1, replace: 'b' },
      { cell: 'gone', line: 1, replace: 'b' }
    ];
    expect(applyFix(model, { title: '', edits })).toBe(false);
    expect(model.cells.get(0).sharedModel.getSource()).toBe('a');
  });
});
