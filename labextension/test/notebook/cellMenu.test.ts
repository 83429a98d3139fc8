import { describe, expect, it } from 'vitest';
import { menuEntries, MenuFacts } from '../../src/notebook/cellMenu';
import { CommandIDs } from '../../src/tokens';

const shown = { run: 'r1', folder: 'a.ipynb', task: 'train' };

function commands(facts: Partial<MenuFacts>): string[] {
  const entries = menuEntries({ step: null, shown: null, failed: false, problems: 0, ...facts });
  return entries.map(entry => entry?.command ?? '-');
}

describe('the menu of a cell', () => {
  it('sets step and role of a cell that is in no step', () => {
    expect(commands({})).toEqual([CommandIDs.setStep, ...Array(4).fill(CommandIDs.setRole)]);
  });

  it('runs the step that the cell is in', () => {
    const entries = menuEntries({ step: 'train', shown: null, failed: false, problems: 0 });
    expect(entries.slice(-2)).toEqual([
      { command: CommandIDs.runFrom, args: { step: 'train' } },
      { command: CommandIDs.runOnly, args: { step: 'train' } }
    ]);
  });

  it('leads to the task of the last run', () => {
    expect(menuEntries({ step: 'train', shown, failed: false, problems: 0 }).pop()).toEqual({
      command: CommandIDs.openRun,
      args: shown
    });
  });

  it('begins with the run view when the step failed, and names it once', () => {
    const found = commands({ step: 'train', shown, failed: true });
    expect(found.slice(0, 2)).toEqual([CommandIDs.openRun, '-']);
    expect(found.filter(command => command === CommandIDs.openRun)).toHaveLength(1);
  });

  it('leads to the panel when the cell has problems', () => {
    expect(commands({ problems: 2 }).slice(-2)).toEqual(['-', CommandIDs.openPanel]);
  });

  it('never has two lines without an entry between them, nor one at an end', () => {
    for (const step of [null, 'train']) {
      for (const failed of [true, false]) {
        for (const problems of [0, 1]) {
          expect(` ${commands({ step, shown, failed, problems }).join(' ')} `).not.toMatch(/^ - | - - | - $/);
        }
      }
    }
  });
});
