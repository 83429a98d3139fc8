import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { CommandIDs } from '../tokens';
import { CommandButton } from '../ui/CommandButton';

interface Props {
  /** The runs that are selected, the older of two last. */
  selected: readonly string[];
  total: number;
  isFiltered: boolean;
  folder: string;
  commands: CommandRegistry;
  trans: TranslationBundle;
  onClear: () => void;
}

/** How many runs there are and, if some are selected, what can be done with them. */
export function SelectionBar(props: Props): React.ReactElement {
  const { selected, total, isFiltered, folder, commands, trans } = props;
  const count = selected.length;
  if (count === 0) {
    const words = isFiltered
      ? trans._n('%1 run matches', '%1 runs match', total)
      : trans._n('%1 run', '%1 runs', total);
    return (
      <div className="jp-mlops-HomeSelection" role="status" data-testid="mlops-home-count">
        {words}
      </div>
    );
  }
  const [run, other] = selected;
  return (
    <div className="jp-mlops-HomeSelection" role="group" aria-label={trans.__('Selected runs')}>
      <span role="status">{trans._n('%1 run selected', '%1 runs selected', count)}</span>
      {count === 1 ? <CommandButton commands={commands} id={CommandIDs.openRun} args={{ run, folder }} /> : null}
      {count <= 2 ? (
        <CommandButton
          commands={commands}
          id={CommandIDs.compareRuns}
          args={other ? { run: other, other: run, folder } : { run, folder }}
        />
      ) : null}
      <CommandButton commands={commands} id={CommandIDs.deleteRuns} args={{ runs: [...selected], folder }} />
      <button className="jp-mod-styled jp-mlops-Button" onClick={props.onClear}>
        {trans.__('Select none')}
      </button>
    </div>
  );
}
