import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { valueText } from '../ui/looks';
import { Fact } from './columns';

interface Props {
  facts: readonly Fact[];
  /** How many runs there are, and how many of them are loaded. */
  total: number;
  known: number;
  trans: TranslationBundle;
}

/** The parameters and metrics that need no column, because all runs have the same. */
export function SameLine(props: Props): React.ReactElement | null {
  const { facts, total, known, trans } = props;
  if (facts.length === 0) {
    return null;
  }
  const label = labelOf(known, total, trans);
  return (
    <div className="jp-mlops-HomeSame" data-testid="mlops-home-same">
      {label}{' '}
      {facts.map(fact => (
        <code key={fact.id} title={fact.id}>
          {fact.name} = {valueText(fact.same)}
        </code>
      ))}
    </div>
  );
}

function labelOf(known: number, total: number, trans: TranslationBundle): string {
  if (known < total) {
    return trans.__('Same in the %1 runs that are loaded:', known.toLocaleString());
  }
  return known === 1 ? trans.__('Parameters and metrics:') : trans.__('Same in all:');
}
