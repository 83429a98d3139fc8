import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { CommandIDs } from '../tokens';
import { CommandButton } from '../ui/CommandButton';

interface Props {
  /** The runs that are selected, the older of two last. */
  selected: readonly string[];
  total: number;
  /** Whether the list is filtered; `wrong`: it is the one before a filter that cannot be read. */
  filtered: 'yes' | 'no' | 'wrong';
  folder: string;
  commands: CommandRegistry;
  trans: TranslationBundle;
  onClear: () => void;
}

/** How many runs there are and, if some are selected, what can be done with them. */
export function SelectionBar(props: Props): React.ReactElement {
  const { selected, total, filtered, folder, commands, trans } = props;
  if (selected.length === 0) {
    const count = total.toLocaleString();
    const words =
      filtered === 'wrong'
        ? trans._n('%2 run, as before', '%2 runs, as before', total, count)
        : filtered === 'yes'
          ? trans._n('%2 run matches', '%2 runs match', total, count)
          : trans._n('%2 run', '%2 runs', total, count);
    return (
      <div className="jp-mlops-HomeSelection" role="status" data-testid="mlops-home-count">
        {words}
      </div>
    );
  }
  const count = selected.length;
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
