import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { stateIcon, stateWord } from '../ui/looks';
import { Filters, Picked, toggled } from './filters';
import { ValuePick } from './ValuePick';

interface Props {
  filters: Filters;
  pipelines: readonly string[];
  experiments: readonly string[];
  trans: TranslationBundle;
  onFilter: (filters: Filters) => void;
}

const STATES = ['running', 'pending', 'succeeded', 'failed', 'canceled'];

/** Chips to filter by state, pipeline and experiment. */
export function FilterChips(props: Props): React.ReactElement {
  const { filters, trans, onFilter } = props;
  const toggle = (kind: Picked, value: string): void => onFilter(toggled(filters, kind, value));
  return (
    <div className="jp-mlops-HomeChips" role="group" aria-label={trans.__('Filter by state, pipeline and experiment')}>
      {STATES.map(state => (
        <button
          key={state}
          className={`jp-mlops-HomeChip jp-mlops-mod-${state}`}
          aria-pressed={filters.states.includes(state)}
          onClick={() => toggle('states', state)}
        >
          <span className="jp-mlops-StateIcon" aria-hidden="true">
            {stateIcon(state)}
          </span>
          {stateWord(state, trans)}
        </button>
      ))}
      <ValuePick
        label={trans.__('Pipeline')}
        values={props.pipelines}
        picked={filters.pipelines}
        trans={trans}
        onToggle={value => toggle('pipelines', value)}
      />
      <ValuePick
        label={trans.__('Experiment')}
        values={props.experiments}
        picked={filters.experiments}
        trans={trans}
        onToggle={value => toggle('experiments', value)}
      />
    </div>
  );
}
