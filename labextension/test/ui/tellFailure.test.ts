import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { afterEach, expect, it, vi } from 'vitest';
import { Failure } from '../../src/api/failure';
import { tellFailure } from '../../src/ui/tellFailure';

const trans = nullTranslator.load('');
afterEach(() => Notification.dismiss());

it('tells in one notification what did not work, why, and the way out', () => {
  tellFailure(new Failure('conflict', 'It is over.', 'Start another one.'), 'The run was not stopped.', trans);
  const [told] = Notification.manager.notifications;
  expect(told.message).toBe('The run was not stopped. It is over. Start another one.');
  expect(told.options.actions).toEqual([]);
});

it('has the whole in its details where a notification would cut it', async () => {
  const hint = 'Set JUPYTER_MLOPS_HOME to a folder that can be written.';
  tellFailure(
    new Failure('store_unwritable', `The store ${'x'.repeat(120)} cannot be written.`, hint),
    'No run.',
    trans
  );
  const [told] = Notification.manager.notifications;
  told.options.actions?.[0].callback(new MouseEvent('click'));
  await vi.waitFor(() => expect(document.querySelector('.jp-Dialog')?.textContent).toContain(hint));
  (document.querySelector('.jp-Dialog .jp-mod-accept') as HTMLElement).click();
});
