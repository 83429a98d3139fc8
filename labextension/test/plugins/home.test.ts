import { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { afterEach, expect, it, vi } from 'vitest';
import { homePlugin } from '../../src/plugins/home';
import { CommandIDs, IMLOps } from '../../src/tokens';

afterEach(() => vi.restoreAllMocks());

it('an example that cannot be written is told, with the reason', async () => {
  const told = vi.spyOn(Notification, 'error').mockReturnValue('');
  const commands = new CommandRegistry();
  const contents = {
    localPath: (path: string) => path,
    newUntitled: () => Promise.reject(new Error('The folder is read-only.'))
  };
  const app = { commands, serviceManager: { contents } } as unknown as JupyterFrontEnd;
  const mlops = { trans: nullTranslator.load('') } as unknown as IMLOps;
  await homePlugin.activate(app, mlops, null, null, null, null, null);
  await commands.execute(CommandIDs.openExample);
  expect(told.mock.calls[0][0]).toContain('The example was not made. The folder is read-only.');
});
