import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { asFailure } from '../api/failure';

/** What JupyterLab shows of a notification, in characters. */
const SHOWN = 140;

/** Tell that something did not work, why, and the way out; what is too long for a notification is in its details. */
export function tellFailure(thrown: unknown, what: string, trans: TranslationBundle): void {
  const { message, hint } = asFailure(thrown);
  const text = [what, message, hint].filter(Boolean).join(' ');
  const details = (): void => {
    const body = [message, hint].filter(Boolean).join(' ');
    void showDialog({ title: what || trans.__('What happened'), body, buttons: [Dialog.okButton()] });
  };
  const actions = text.length > SHOWN ? [{ label: trans.__('Details'), callback: details }] : [];
  Notification.error(text, { autoClose: false, actions });
}
