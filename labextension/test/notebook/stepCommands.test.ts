import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { beforeEach, describe, expect, it } from 'vitest';
import { addStepCommands } from '../../src/notebook/stepCommands';
import { CommandIDs, IMLOps } from '../../src/tokens';
import { FakeCell, FakeNotebook } from '../fakes/cells';
import { analysisOf } from '../fakes/notebook';

const CELLS: FakeCell[] = [{ id: 'a' }, { id: 'text', type: 'markdown' }, { id: 'b' }, { id: 'c' }];

function scene(selected: string[]): { fake: FakeNotebook; commands: CommandRegistry } {
  const fake = new FakeNotebook(CELLS);
  const widgets = CELLS.map(({ id, type = 'code' }) => ({ model: { id, type } }));
  Object.assign(fake, {
    widgets,
    isSelectedOrActive: (cell: { model: { id: string } }) => selected.includes(cell.model.id)
  });
  const pipeline = {
    panel: { content: fake },
    analysis: analysisOf({ origin: 'metadata' }),
    placeOf: (id: string) => ({ id, role: 'step', step: id === 'c' ? 'load' : 'train' }),
    refresh: async () => undefined
  };
  const commands = new CommandRegistry();
  const mlops = { pipelines: { current: pipeline }, trans: nullTranslator.load('jupyter_mlops'), client: {} };
  addStepCommands(commands, mlops as unknown as IMLOps);
  return { fake, commands };
}

beforeEach(() => Notification.dismiss());

describe('the commands for steps', () => {
  it('act on all selected code cells, as one change', async () => {
    const { fake, commands } = scene(['a', 'text', 'b']);
    expect(await commands.execute(CommandIDs.setStep, { step: 'fit' })).toBe(true);
    const fit = { role: 'step', step: 'fit' };
    expect(fake.ours).toEqual([fit, undefined, fit, undefined]);
    await commands.execute(CommandIDs.undoEdit);
    expect(fake.ours).toEqual([undefined, undefined, undefined, undefined]);
    await commands.execute(CommandIDs.redoEdit);
    expect(fake.ours[2]).toEqual(fit);
  });

  it('set a role, and clear it', async () => {
    const { fake, commands } = scene(['b']);
    await commands.execute(CommandIDs.setRole, { role: 'parameters' });
    expect(fake.ours[2]).toEqual({ role: 'parameters' });
    await commands.execute(CommandIDs.setRole, { role: null });
    expect(fake.ours[2]).toBeUndefined();
  });

  it('refuse a bad name, and say why', async () => {
    const { fake, commands } = scene(['a']);
    expect(await commands.execute(CommandIDs.setStep, { step: 'no good' })).toBe(false);
    expect(fake.ours[0]).toBeUndefined();
    expect(Notification.manager.notifications[0].message).toContain('no_good');
  });

  it('are disabled without a code cell', () => {
    const { commands } = scene(['text']);
    for (const id of [CommandIDs.setStep, CommandIDs.setRole, CommandIDs.openCellMenu]) {
      expect(commands.isEnabled(id), id).toBe(false);
    }
    expect(commands.isEnabled(CommandIDs.undoEdit)).toBe(false);
  });

  it('show which step all the selected cells are in', () => {
    const one = scene(['a', 'b']).commands;
    expect(one.isToggled(CommandIDs.setStep, { step: 'train' })).toBe(true);
    expect(one.isToggled(CommandIDs.setStep, { step: 'load' })).toBe(false);
    expect(scene(['a', 'c']).commands.isToggled(CommandIDs.setStep, { step: 'train' })).toBe(false);
  });
});
