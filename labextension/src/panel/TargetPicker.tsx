import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Context, Place, Targets } from '../api/shapes';
import { NextRun } from '../model/memory';
import { isCluster, Known, whyNot } from '../model/targets';
import { PlaceFields } from '../ui/PlaceFields';

interface Props {
  known: Known<Targets>;
  contexts: readonly Context[];
  /** What is set for the next run: where it goes, and whether results of earlier runs may be used again. */
  next: Readonly<Pick<NextRun, 'target' | 'cache' | keyof Place>>;
  trans: TranslationBundle;
  onChange: (changes: Partial<Pick<NextRun, 'target' | 'cache' | keyof Place>>) => void;
  /** Show all of the targets, and how to set them up. */
  onTargets: () => void;
}

/** Where the next run goes: what each target can do, and why not. */
export function TargetPicker(props: Props): React.ReactElement {
  const { known, contexts, next, trans, onChange } = props;
  const targets = known.answer?.targets ?? [];
  const chosen = next.target || known.answer?.default || 'local';
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
          <option key={item.name} value={item.name} disabled={whyNot(item) !== '' && item.name !== chosen}>
            {whyNot(item) ? trans.__('%1 (not set up)', item.name) : item.name}
          </option>
        ))}
      </select>
      {target && isCluster(target) ? (
        <PlaceFields id="jp-mlops-target" place={next} inForce={target} {...{ contexts, trans, onChange }} />
      ) : null}
      <Reasons {...props} chosen={chosen} only={target !== undefined && isCluster(target) && !whyNot(target)} />
      <label className="jp-mlops-PanelCheck">
        <input type="checkbox" checked={next.cache} onChange={() => onChange({ cache: !next.cache })} />
        {trans.__('Use results of earlier runs where nothing changed')}
      </label>
      {target?.capabilities.length ? (
        <details className="jp-mlops-Capabilities">
          <summary>{trans.__('What it can do')}</summary>
          <ul className="jp-mlops-List">
            {target.capabilities.map(item => (
              <li key={item.name}>
                <span aria-hidden="true">{item.missing ? '✗' : item.unknown ? '?' : '✓'}</span> {item.name}
                {item.missing || item.unknown ? (
                  <span className="jp-mlops-Quiet">{`: ${item.missing || item.unknown}`}</span>
                ) : null}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </div>
  );
}

/**
 * Why targets cannot be used, each reason once, and the way to set them up. Who has a cluster that works (`only`) need
 * not know of others.
 */
function Reasons({
  known,
  trans,
  chosen,
  only,
  onTargets
}: Props & { chosen: string; only: boolean }): React.ReactElement {
  const missing = only ? [] : (known.answer?.targets ?? []).filter(item => whyNot(item) !== '');
  const because = new Map<string, string[]>();
  for (const item of missing) {
    const reason = `${whyNot(item)} ${item.missing ? item.hint : ''}`.trimEnd();
    because.set(reason, [...(because.get(reason) ?? []), item.name]);
  }
  return (
    <div className="jp-mlops-TargetReasons">
      {[...because].map(([reason, names]) => (
        <p key={reason} role={names.includes(chosen) ? 'alert' : undefined}>
          <strong>{names.join(', ')}</strong>
          {`: ${reason}`}
        </p>
      ))}
      {known.isAsking ? <p role="status">{trans.__('Asking where runs can go…')}</p> : null}
      {known.failure ? <p role="alert">{`${known.failure.message} ${known.failure.hint}`}</p> : null}
      <button className="jp-mlops-Link" data-testid="mlops-show-targets" onClick={onTargets}>
        {missing.length > 0 ? trans.__('Set up targets…') : trans.__('Show targets')}
      </button>
    </div>
  );
}
