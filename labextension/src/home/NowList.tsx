import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { ListedRun } from '../api/shapes';
import { CommandIDs, runArgs } from '../tokens';
import { CommandButton } from '../ui/CommandButton';
import { durationText } from '../ui/looks';
import { StateMark } from '../ui/marks';
import { progressOf } from './attention';
import { secondsOf } from './cells';
import { shortRun } from './columns';

interface Props {
  runs: readonly ListedRun[];
  folder: string;
  /** In seconds. */
  now: number;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** The runs that run or wait: how far they are, and a button to stop each. */
export function NowList(props: Props): React.ReactElement {
  const { runs, folder, now, commands, trans } = props;
  return (
    <section
      className={`jp-mlops-HomePart${runs.length === 0 ? ' jp-mlops-mod-none' : ''}`}
      aria-label={trans.__('Now')}
      data-testid="mlops-home-now"
    >
      <h2>
        {trans.__('Now')} <span className="jp-mlops-HomeCount">{runs.length || trans.__('nothing is running')}</span>
      </h2>
      <ul className="jp-mlops-HomeCards">
        {runs.map(run => {
          const args = { ...runArgs({ run: run.run, folder }), state: run.state };
          return (
            <li key={run.run} className="jp-mlops-HomeCard">
              <div className="jp-mlops-HomeCardLine">
                <StateMark state={run.state} trans={trans} />
                <strong>{run.pipeline}</strong>
                <code>{shortRun(run.run)}</code>
                <span className="jp-mlops-HomeDim">{durationText(secondsOf(run, now))}</span>
              </div>
              <Progress run={run} trans={trans} />
              <div className="jp-mlops-HomeCardButtons">
                <CommandButton commands={commands} id={CommandIDs.cancelRun} args={args} label={trans.__('Stop')} />
                <CommandButton commands={commands} id={CommandIDs.openRun} args={args} label={trans.__('Open')} />
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Progress(props: { run: ListedRun; trans: TranslationBundle }): React.ReactElement {
  const { done, total } = progressOf(props.run);
  const words = props.trans.__('%1 of %2 tasks', done, total);
  return (
    <div className="jp-mlops-HomeProgress">
      <progress value={done} max={Math.max(total, 1)} aria-label={words} />
      <span>{words}</span>
    </div>
  );
}
