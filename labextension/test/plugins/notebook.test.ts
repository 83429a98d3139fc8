import { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { notebookPlugin } from '../../src/plugins/notebook';
import { CommandIDs, IMLOps } from '../../src/tokens';
import { CONTENTS } from '../fakes/notebook';

let commands: CommandRegistry;

beforeEach(async () => {
  commands = new CommandRegistry();
  const shell = { activateById: vi.fn() };
  const app = { commands, shell, serviceManager: { contents: CONTENTS } } as unknown as JupyterFrontEnd;
  const panel = { id: 'n1', context: { path: 'work.ipynb', ready: Promise.resolve() }, content: { widgets: [] } };
  const tracker = { currentWidget: panel, find: () => undefined } as unknown as INotebookTracker;
  const mlops = { trans: nullTranslator.load(''), pipelines: null } as unknown as IMLOps;
  await notebookPlugin.activate(app, mlops, tracker, null);
});

afterEach(() => vi.restoreAllMocks());

describe('going to a cell', () => {
  it('that is not there any more says so', async () => {
    const told = vi.spyOn(Notification, 'warning').mockReturnValue('');
    expect(await commands.execute(CommandIDs.goToCell, { cell: 'gone', index: 3 })).toBe(false);
    expect(told.mock.calls[0][0]).toContain('not in the notebook any more');
  });

  it('of a notebook that is not there any more says so', async () => {
    const told = vi.spyOn(Notification, 'error').mockReturnValue('');
    commands.addCommand('docmanager:open', {
      execute: () => Promise.reject(new Error('No such file: gone.ipynb'))
    });
    expect(await commands.execute(CommandIDs.goToCell, { path: 'gone.ipynb', index: 0 })).toBe(false);
    expect(told.mock.calls[0][0]).toContain('The notebook could not be opened. No such file: gone.ipynb');
  });
});
