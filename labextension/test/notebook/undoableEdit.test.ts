import { YCodeCell } from '@jupyter/ydoc';
import { describe, expect, it } from 'vitest';
import { CellMetadata } from '../../src/notebook/metadata';
import { UndoableEdits } from '../../src/notebook/undoableEdit';
import { FakeNotebook } from '../fakes/cells';

const CELLS = [{ id: 'a' }, { id: 'b', ours: { role: 'setup' } }, { id: 'c' }];
const step = (name: string): { role: string; step: string } => ({ role: 'step', step: name });

function both(): Map<string, { role: string; step: string }> {
  return new Map([
    ['a', step('train')],
    ['b', step('train')]
  ]);
}

describe.each(['cells', 'document'] as const)('an edit of several cells, with an undo history of %s,', undo => {
  it('is written, and leaves the other metadata as they are', () => {
    const fake = new FakeNotebook(CELLS, {}, undo);
    expect(UndoableEdits.of(fake.notebook).apply({ cells: both() })).toBe(true);
    expect(fake.ours).toEqual([step('train'), step('train'), undefined]);
    expect([...fake.model.cells].map(cell => cell.metadata.other)).toEqual([true, true, true]);
  });

  it("is one step of the notebook's own undo", () => {
    const fake = new FakeNotebook(CELLS, {}, undo);
    UndoableEdits.of(fake.notebook).apply({ cells: both() });
    expect(fake.model.sharedModel.undo()).toBe(true);
    expect(fake.ours).toEqual([undefined, { role: 'setup' }, undefined]);
    expect(fake.model.sharedModel.canUndo()).toBe(false);
    fake.model.sharedModel.redo();
    expect(fake.ours).toEqual([step('train'), step('train'), undefined]);
  });

  it('is not joined with an edit right before it', () => {
    const fake = new FakeNotebook(CELLS, {}, undo);
    const edits = UndoableEdits.of(fake.notebook);
    edits.apply({ cells: new Map([['c', step('load')]]) });
    edits.apply({ cells: both() });
    fake.model.sharedModel.undo();
    expect(fake.ours).toEqual([undefined, { role: 'setup' }, step('load')]);
  });

  it('that changes nothing is none', () => {
    const fake = new FakeNotebook(CELLS, {}, undo);
    const cells = new Map<string, CellMetadata>([
      ['b', { role: 'setup' }],
      ['a', undefined],
      ['gone', step('x')]
    ]);
    expect(UndoableEdits.of(fake.notebook).apply({ cells })).toBe(false);
    expect(fake.model.sharedModel.canUndo()).toBe(false);
  });

  it('can remove our key', () => {
    const fake = new FakeNotebook(CELLS, {}, undo);
    UndoableEdits.of(fake.notebook).apply({ cells: new Map([['b', undefined]]) });
    expect(fake.model.cells.get(1).metadata).toEqual({ other: true });
    fake.model.sharedModel.undo();
    expect(fake.ours[1]).toEqual({ role: 'setup' });
  });

  it("takes the notebook's metadata along, forth and back", () => {
    const fake = new FakeNotebook(
      CELLS,
      { jupyter_mlops: { pipeline: { name: 'old' } }, kernelspec: { name: 'p' } },
      undo
    );
    const after = { pipeline: { name: 'new' } };
    UndoableEdits.of(fake.notebook).apply({ cells: both(), notebook: { value: after } });
    expect(fake.oursOfNotebook).toEqual(after);
    fake.model.sharedModel.undo();
    expect(fake.oursOfNotebook).toEqual({ pipeline: { name: 'old' } });
    fake.model.sharedModel.redo();
    expect(fake.oursOfNotebook).toEqual(after);
    fake.model.sharedModel.undo();
    expect(fake.oursOfNotebook).toEqual({ pipeline: { name: 'old' } });
    expect(fake.model.sharedModel.getMetadata('kernelspec')).toEqual({ name: 'p' });
  });
});

describe('Ctrl+Z', () => {
  it('takes back the newest edit, and Ctrl+Shift+Z makes it again', () => {
    const fake = new FakeNotebook(CELLS);
    const edits = UndoableEdits.of(fake.notebook);
    expect(edits.canUndo).toBe(false);
    edits.apply({ cells: both() });
    expect(edits.canUndo).toBe(true);
    edits.undo();
    expect(fake.ours).toEqual([undefined, { role: 'setup' }, undefined]);
    expect([edits.canUndo, edits.canRedo]).toEqual([false, true]);
    edits.redo();
    expect(fake.ours[0]).toEqual(step('train'));
  });

  it('is still about the newest edit when a kernel writes down what it is, or a cell has run', () => {
    const fake = new FakeNotebook(CELLS);
    const edits = UndoableEdits.of(fake.notebook);
    edits.apply({ cells: both() });
    fake.model.sharedModel.setMetadata('language_info', { name: 'python', version: '3.13' });
    (fake.model.cells.get(0).sharedModel as YCodeCell).execution_count = 3;
    expect(edits.canUndo).toBe(true);
    edits.undo();
    expect(fake.ours[0]).toBeUndefined();
  });

  it('is about what was typed again, once a new cell was made', () => {
    const fake = new FakeNotebook(CELLS);
    const edits = UndoableEdits.of(fake.notebook);
    edits.apply({ cells: both() });
    fake.model.sharedModel.insertCell(1, { cell_type: 'code', source: '', metadata: {} });
    expect(edits.canUndo).toBe(false);
    edits.apply({ cells: new Map([['c', step('load')]]) });
    fake.model.cells.get(1).sharedModel.setSource('typed in the new cell');
    expect(edits.canUndo).toBe(false);
  });

  it('is about what was typed again, once something was typed', () => {
    const fake = new FakeNotebook(CELLS);
    const edits = UndoableEdits.of(fake.notebook);
    edits.apply({ cells: both() });
    fake.model.cells.get(0).sharedModel.setSource('a = 2');
    expect(edits.canUndo).toBe(false);
    edits.undo();
    expect(fake.ours[0]).toEqual(step('train'));
  });
});
