import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { elapsed, ServerClock } from '../api/clock';
import { Run } from '../api/shapes';
import { PipelineModel } from '../model/pipelineModel';
import { isOver } from '../model/runModel';
import { CommandIDs, runArgs } from '../tokens';
import { CommandButton } from '../ui/CommandButton';
import { durationText, waitText } from '../ui/looks';
import { StateMark } from '../ui/marks';
import { useNow } from '../ui/now';

interface Props {
  pipeline: PipelineModel;
  /** The server's, by which a run's times are told. */
  clock: ServerClock;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** So many tasks that wait are told of; the run view has all. */
const MOST_WAITS = 3;

/** The pipeline's name, the button that runs it, and how its last run goes. */
export function Head({ pipeline, clock, commands, trans }: Props): React.ReactElement {
  const { analysis, lastRun } = pipeline;
  const running = lastRun?.run && !isOver(lastRun.run.state);
  return (
    <header className="jp-mlops-PanelHead">
      <div className="jp-mlops-Row">
        <h2 className="jp-mlops-PanelTitle" title={pipeline.path}>
          {analysis?.name ?? trans.__('Pipeline')}
        </h2>
        <CommandButton commands={commands} id={CommandIDs.refresh} iconOnly />
      </div>
      <p className="jp-mlops-Quiet" aria-live="polite" data-testid="mlops-summary">
        {analysis ? summary(analysis.steps.length, analysis.origin, trans) : ''}
        {pipeline.pending && analysis ? ` · ${trans.__('looking…')}` : ''}
      </p>
      <div className="jp-mlops-Row">
        {running ? (
          <CommandButton
            commands={commands}
            id={CommandIDs.cancelRun}
            args={{ ...runArgs(lastRun.ref), state: 'running' }}
            label={trans.__('Stop')}
            testid="mlops-stop"
          />
        ) : (
          <CommandButton
            commands={commands}
            id={CommandIDs.runNotebook}
            label={trans.__('Run')}
            accept
            testid="mlops-run"
          />
        )}
        <span className="jp-mlops-Quiet" role="status">
          {pipeline.isStarting ? trans.__('Starting…') : ''}
        </span>
        {analysis && ['headings', 'cells', 'kale'].includes(analysis.origin) ? (
          <CommandButton
            commands={commands}
            id={CommandIDs.convert}
            label={trans.__('Keep these steps')}
            testid="mlops-convert"
          />
        ) : null}
      </div>
      {lastRun?.run ? (
        <LastRun pipeline={pipeline} clock={clock} run={lastRun.run} commands={commands} trans={trans} />
      ) : null}
    </header>
  );
}

function LastRun(props: Props & { run: Run }): React.ReactElement {
  const { pipeline, clock, run, commands, trans } = props;
  const over = isOver(run.state);
  useNow(500, !over);
  const done = run.tasks.filter(task => isOver(task.state) || ['cached', 'skipped'].includes(task.state)).length;
  const seconds = over ? run.seconds : elapsed(run.started, run.finished, clock.now());
  const args = pipeline.lastRun ? runArgs(pipeline.lastRun.ref) : {};
  return (
    <div className="jp-mlops-LastRun" data-testid="mlops-last-run" data-state={run.state}>
      <div className="jp-mlops-Row">
        <StateMark state={run.state} trans={trans} />
        <span className="jp-mlops-Quiet">
          {trans.__('%1 of %2 tasks', done, run.tasks.length)} · {durationText(seconds)}
        </span>
        <CommandButton
          commands={commands}
          id={CommandIDs.openRun}
          args={args}
          label={trans.__('Open')}
          testid="mlops-open-run"
        />
        {over && ['failed', 'canceled'].includes(run.state) ? (
          <CommandButton
            commands={commands}
            id={CommandIDs.retryRun}
            args={{ ...args, state: run.state, kernel: pipeline.kernel }}
            label={trans.__('Retry')}
            testid="mlops-retry"
          />
        ) : null}
      </div>
      {over ? null : (
        <progress
          className="jp-mlops-PanelProgress"
          max={run.tasks.length || 1}
          value={done}
          aria-label={trans.__('Tasks done')}
        />
      )}
      {over && run.reason ? <p className="jp-mlops-StepError">{run.reason}</p> : null}
      <div role="status" className="jp-mlops-Waits" data-testid="mlops-waits">
        {(over ? [] : waitsOf(run, trans)).map(text => (
          <p key={text}>{text}</p>
        ))}
      </div>
    </div>
  );
}

/** Why a run does not go on: the run itself, and tasks that wait. */
function waitsOf(run: Run, trans: TranslationBundle): string[] {
  const waiting = run.tasks.filter(task => task.waiting);
  const tasks = waiting.slice(0, MOST_WAITS).map(task => `${task.task} ${waitText(task, trans)}`);
  const more = waiting.length - tasks.length;
  return [run.reason, ...tasks, more > 0 ? trans._n('%1 more task waits', '%1 more tasks wait', more) : ''].filter(
    Boolean
  );
}

function summary(steps: number, origin: string, trans: TranslationBundle): string {
  const from: { [origin: string]: string } = {
    metadata: trans.__('from cell metadata'),
    magic: trans.__('from %%step magics'),
    kale: trans.__('from Kale’s tags'),
    headings: trans.__('from the headings'),
    cells: trans.__('one a cell')
  };
  const count = trans._n('%1 step', '%1 steps', steps);
  return from[origin] ? `${count}, ${from[origin]}` : count;
}
