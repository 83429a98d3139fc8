import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { CommandIDs } from '../tokens';
import { CommandButton } from '../ui/CommandButton';
import { EmptyNote } from '../ui/notes';

interface Props {
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** A project without runs: how to make the first one. */
export function EmptyRuns(props: Props): React.ReactElement {
  const { commands, trans } = props;
  return (
    <EmptyNote title={trans.__('This project has no runs yet.')}>
      <ol className="jp-mlops-HomeFirst">
        <li>
          {trans.__('Open a notebook of your own. Its headings make the steps; nothing has to be written for it.')}
        </li>
        <li>
          {trans.__('Press “Run as Pipeline” in its toolbar. Each step runs by itself, and steps that can, at once.')}
        </li>
        <li>{trans.__('Come back: the run is here, with its parameters and metrics, to compare with the next.')}</li>
      </ol>
      <div className="jp-mlops-HomeCardButtons">
        {commands.hasCommand(CommandIDs.runNotebook) && commands.isEnabled(CommandIDs.runNotebook) ? (
          <CommandButton
            commands={commands}
            id={CommandIDs.runNotebook}
            label={trans.__('Run the Current Notebook as Pipeline')}
            accept
          />
        ) : null}
        <CommandButton commands={commands} id={CommandIDs.openExample} />
      </div>
    </EmptyNote>
  );
}
