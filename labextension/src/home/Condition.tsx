import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Failure } from '../api/failure';
import { ConnectionLost } from '../ui/ConnectionLost';
import { FailureNote, TryAgain } from '../ui/notes';

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
  if (failure) {
    return (
      <FailureNote failure={failure}>
        <TryAgain trans={trans} onTry={onTry} />
      </FailureNote>
    );
  }
  return connected ? null : <ConnectionLost trans={trans} onTry={onTry} />;
}
