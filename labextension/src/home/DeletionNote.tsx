import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { shortRun } from './columns';
import { Deletion } from './deletion';

interface Props {
  progress: Deletion['progress'];
  left: Deletion['left'];
  trans: TranslationBundle;
  onDismiss: () => void;
}

const FEW = 5;

/** How far a deletion is and, afterwards, what could not be deleted. */
export function DeletionNote(props: Props): React.ReactElement | null {
  const { progress, left, trans } = props;
  if (progress) {
    const words = trans.__('Deleting %1 of %2 runs…', progress.done + 1, progress.total);
    return (
      <div className="jp-mlops-HomeDeletion" role="status">
        <progress value={progress.done} max={progress.total} aria-label={words} /> {words}
      </div>
    );
  }
  if (left.length === 0) {
    return null;
  }
  return (
    <div className="jp-mlops-Note jp-mlops-mod-error" role="alert" data-testid="mlops-home-left">
      <p className="jp-mlops-NoteTitle">
        {trans._n('%1 run could not be deleted.', '%1 runs could not be deleted.', left.length)}
      </p>
      <ul>
        {left.slice(0, FEW).map(({ run, failure }) => (
          <li key={run}>
            <code>{shortRun(run)}</code> {failure.message} {failure.hint}
          </li>
        ))}
        {left.length > FEW ? <li>{trans.__('and %1 more', left.length - FEW)}</li> : null}
      </ul>
      <button className="jp-mod-styled" onClick={props.onDismiss}>
        {trans.__('Close')}
      </button>
    </div>
  );
}
