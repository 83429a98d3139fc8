import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Failure } from '../api/failure';
import { FailureNote } from '../ui/notes';

interface Props {
  /** Why there is no server that this can talk to; null if there is one. */
  failure: Failure | null;
  connected: boolean;
  trans: TranslationBundle;
  onTry: () => void;
}

/** Says what is wrong with the server or the connection, and lets one try again; nothing if all is well. */
export function Condition(props: Props): React.ReactElement | null {
  const { failure, connected, trans, onTry } = props;
  const again = (
    <button className="jp-mod-styled jp-mlops-Button" onClick={onTry}>
      {trans.__('Try again')}
    </button>
  );
  if (failure) {
    return <FailureNote failure={failure}>{again}</FailureNote>;
  }
  if (connected) {
    return null;
  }
  return (
    <div className="jp-mlops-HomeLost" role="status" data-testid="mlops-home-lost">
      <span>
        {trans.__('The connection is lost: what is shown may be old. Runs go on. It is tried again by itself.')}
      </span>
      {again}
    </div>
  );
}
