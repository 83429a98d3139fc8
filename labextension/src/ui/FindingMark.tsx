import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Finding } from '../api/shapes';

/** How well something is: an icon with its word for who cannot see it. */
export function FindingMark(props: { state: Finding['state']; trans: TranslationBundle }): React.ReactElement {
  const icons = { ok: '✓', warning: '▲', failed: '✗', unknown: '?' };
  const word = findingWord(props.state, props.trans);
  return (
    <span className={`jp-mlops-Finding jp-mlops-mod-${props.state}`} role="img" aria-label={word} title={word}>
      {icons[props.state] ?? '?'}
    </span>
  );
}

export function findingWord(state: Finding['state'], trans: TranslationBundle): string {
  const words = {
    ok: trans.__('good'),
    warning: trans.__('worth a look'),
    failed: trans.__('bad'),
    unknown: trans.__('unknown')
  };
  return words[state] ?? state;
}
