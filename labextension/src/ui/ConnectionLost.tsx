import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { TryAgain } from './notes';

/** Says that the connection to the server is lost and what that means, and lets one try at once. Read aloud when it appears. */
export function ConnectionLost(props: { trans: TranslationBundle; onTry: () => void }): React.ReactElement {
  const { trans, onTry } = props;
  return (
    <div className="jp-mlops-Banner" role="alert" data-testid="mlops-connection-lost">
      <span className="jp-mlops-Spinner" aria-hidden="true" />
      <span>
        {trans.__('The connection to the server is lost; trying again.')}{' '}
        {trans.__('Runs go on without it. What is shown here may be old.')}
      </span>
      <TryAgain trans={trans} onTry={onTry} />
    </div>
  );
}
