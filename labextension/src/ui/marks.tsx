import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { stateIcon, stateWord } from './looks';

/** A state: its icon and its word, coloured. */
export function StateMark(props: { state: string; trans: TranslationBundle; iconOnly?: boolean }): React.ReactElement {
  const word = stateWord(props.state, props.trans);
  return (
    <span className={`jp-mlops-State jp-mlops-mod-${props.state}`} title={props.iconOnly ? word : undefined}>
      <span
        className="jp-mlops-StateIcon"
        aria-hidden={!props.iconOnly}
        role={props.iconOnly ? 'img' : undefined}
        aria-label={props.iconOnly ? word : undefined}
      >
        {stateIcon(props.state)}
      </span>
      {props.iconOnly ? null : <span className="jp-mlops-StateWord">{word}</span>}
    </span>
  );
}
