import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { DiffLine, diffLines } from './differences';

const SIGNS: { [kind in DiffLine['kind']]: string } = { added: '+', removed: '−', same: ' ', place: ' ' };

/** How the source of a step differs, with a sign at each line that came or went. */
export function SourceDiff(props: { trans: TranslationBundle; step: string; diff: string }): React.ReactElement {
  const { trans, step, diff } = props;
  const lines = diffLines(diff);
  const count = (kind: DiffLine['kind']): number => lines.filter(line => line.kind === kind).length;
  return (
    <details className="jp-mlops-Fold jp-mlops-SourceDiff" open>
      <summary>
        <code>{step}</code>{' '}
        <span className="jp-mlops-Faint">{trans.__('+%1 −%2 lines', count('added'), count('removed'))}</span>
      </summary>
      <pre className="jp-mlops-Pre jp-mlops-Source" tabIndex={0} aria-label={trans.__('Source of %1', step)}>
        {lines.map((line, index) => (
          <div key={index} className={`jp-mlops-SourceLine jp-mlops-diff-${line.kind}`}>
            <span className="jp-mlops-LineNumber">{line.first ?? ''}</span>
            <span className="jp-mlops-LineNumber">{line.second ?? ''}</span>
            <span className="jp-mlops-Sign">{SIGNS[line.kind]}</span>
            <span>{line.text || ' '}</span>
          </div>
        ))}
      </pre>
    </details>
  );
}
