import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Target } from '../api/shapes';

interface Props {
  targets: readonly Target[];
  chosen: string;
  /** Whether results of earlier runs may be used again. */
  cache: boolean;
  trans: TranslationBundle;
  onChange: (changes: { target?: string; cache?: boolean }) => void;
}

/** Where the next run goes: what each target can do, and why not. */
export function TargetPicker({ targets, chosen, cache, trans, onChange }: Props): React.ReactElement {
  const target = targets.find(item => item.name === chosen);
  return (
    <div className="jp-mlops-Target" data-testid="mlops-target">
      <label htmlFor="jp-mlops-target">{trans.__('Runs on')}</label>
      <select
        id="jp-mlops-target"
        className="jp-mod-styled"
        value={chosen}
        onChange={event => onChange({ target: event.target.value })}
      >
        {target ? null : <option value={chosen}>{chosen}</option>}
        {targets.map(item => (
          <option key={item.name} value={item.name} disabled={item.missing !== ''}>
            {item.missing ? trans.__('%1 (%2)', item.name, item.missing) : item.name}
          </option>
        ))}
      </select>
      <label className="jp-mlops-PanelCheck">
        <input type="checkbox" checked={cache} onChange={() => onChange({ cache: !cache })} />
        {trans.__('Use results of earlier runs where nothing changed')}
      </label>
      {target?.capabilities.length ? (
        <details className="jp-mlops-Capabilities">
          <summary>{trans.__('What it can do')}</summary>
          <ul className="jp-mlops-List">
            {target.capabilities.map(item => (
              <li key={item.name}>
                <span aria-hidden="true">{item.missing ? '✗' : '✓'}</span> {item.name}
                {item.missing ? <span className="jp-mlops-Quiet">{`: ${item.missing}`}</span> : null}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </div>
  );
}
