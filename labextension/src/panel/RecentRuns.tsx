import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { ListedRun } from '../api/shapes';
import { durationText, valueText, whenText } from '../ui/looks';
import { StateMark } from '../ui/marks';
import { Section } from '../ui/Section';

interface Props {
  runs: readonly ListedRun[];
  /** Seconds since the epoch. */
  now: number;
  trans: TranslationBundle;
  onOpen: (run: ListedRun) => void;
  onHome: () => void;
}

const SHOWN = 8;

/** The notebook's newest runs. */
export function RecentRuns({ runs, now, trans, onOpen, onHome }: Props): React.ReactElement {
  return (
    <Section title={trans.__('Recent runs')} aside={runs.length || ''} testid="mlops-runs">
      {runs.length === 0 ? (
        <p className="jp-mlops-Quiet">{trans.__('This notebook has not run as a pipeline yet.')}</p>
      ) : null}
      <ul className="jp-mlops-List">
        {runs.slice(0, SHOWN).map(run => (
          <li key={run.run}>
            <button className="jp-mlops-RunRow" data-run={run.run} data-state={run.state} onClick={() => onOpen(run)}>
              <StateMark state={run.state} trans={trans} />
              <span className="jp-mlops-RunText">{metricsText(run) || run.reason}</span>
              <span className="jp-mlops-Quiet">
                {[durationText(run.seconds), whenText(run.created, now, trans)].filter(Boolean).join(' · ')}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <button className="jp-mlops-Link" onClick={onHome}>
        {trans.__('All runs')}
      </button>
    </Section>
  );
}

function metricsText(run: ListedRun): string {
  return Object.entries(run.metrics)
    .slice(0, 3)
    .map(([name, value]) => `${name} ${valueText(value)}`)
    .join(', ');
}
