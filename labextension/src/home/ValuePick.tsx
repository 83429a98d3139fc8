import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

interface Props {
  label: string;
  values: readonly string[];
  picked: readonly string[];
  trans: TranslationBundle;
  onToggle: (value: string) => void;
}

/** A list to pick values from, and a chip for each one that is picked; a click on a chip takes it away. */
export function ValuePick(props: Props): React.ReactElement {
  const { label, values, picked, trans, onToggle } = props;
  const left = values.filter(value => !picked.includes(value));
  return (
    <>
      {picked.map(value => (
        <button
          key={value}
          className="jp-mlops-HomeChip"
          aria-pressed={true}
          aria-label={trans.__('%1 %2: take away', label, value)}
          onClick={() => onToggle(value)}
        >
          {label}: {value} <span aria-hidden="true">×</span>
        </button>
      ))}
      {left.length > 0 ? (
        <select
          className="jp-mlops-HomeChip"
          value=""
          aria-label={trans.__('Filter by %1', label.toLowerCase())}
          onChange={event => onToggle(event.target.value)}
        >
          <option value="" disabled>
            {label}…
          </option>
          {left.map(value => (
            <option key={value} value={value}>
              {value}
            </option>
          ))}
        </select>
      ) : null}
    </>
  );
}
