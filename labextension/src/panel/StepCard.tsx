import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { Step, Task } from '../api/shapes';
import { CommandIDs } from '../tokens';
import { CommandButton } from '../ui/CommandButton';
import { handedText } from '../ui/graphOf';
import { durationText, waitText } from '../ui/looks';
import { StateMark } from '../ui/marks';

interface Props {
  step: Step;
  /** The step's tasks in the last run. */
  tasks: readonly Task[];
  /** The last run, to open it at this step. */
  run: { run: string; folder: string } | null;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** The selected step: what it takes and gives, how it went the last time, and how to run it. */
export function StepCard({ step, tasks, run, commands, trans }: Props): React.ReactElement {
  const task = tasks.find(item => item.state === 'failed') ?? tasks.find(item => item.waiting) ?? tasks[0];
  const waits = task ? waitText(task, trans) : '';
  return (
    <section className="jp-mlops-StepCard" aria-label={trans.__('Step %1', step.name)} data-testid="mlops-step">
      <div className="jp-mlops-Row">
        <strong className="jp-mlops-StepName">{step.title || step.name}</strong>
        {task ? <LastTime task={task} trans={trans} /> : null}
      </div>
      {waits ? <p className="jp-mlops-StepWaits">{waits}</p> : null}
      {task ? <p className="jp-mlops-StepError">{task.error?.message ?? task.reason}</p> : null}
      <Names title={trans.__('Needs')} names={step.inputs} />
      <Outputs title={trans.__('Gives')} names={step.outputs} tasks={tasks} />
      <Names title={trans.__('Parameters')} names={step.params ?? []} />
      <div className="jp-mlops-Row">
        <CommandButton
          commands={commands}
          id={CommandIDs.runFrom}
          args={{ step: step.name }}
          label={trans.__('Run from here')}
          testid="mlops-run-from"
        />
        <CommandButton
          commands={commands}
          id={CommandIDs.runOnly}
          args={{ step: step.name }}
          label={trans.__('Run only this')}
          testid="mlops-run-only"
        />
        {run && task ? (
          <CommandButton
            commands={commands}
            id={CommandIDs.openRun}
            args={{ ...run, task: task.task }}
            label={trans.__('Log and outputs')}
            testid="mlops-open-task"
          />
        ) : null}
      </div>
    </section>
  );
}

function LastTime({ task, trans }: { task: Task; trans: TranslationBundle }): React.ReactElement {
  return (
    <>
      <StateMark state={task.state} trans={trans} />
      <span className="jp-mlops-Quiet">{task.cached ? '' : durationText(task.seconds)}</span>
    </>
  );
}

function Names(props: { title: string; names: readonly string[] }): React.ReactElement | null {
  return props.names.length ? (
    <p className="jp-mlops-Names">
      <span className="jp-mlops-Quiet">{props.title}</span> <code>{props.names.join(', ')}</code>
    </p>
  ) : null;
}

function Outputs(props: {
  title: string;
  names: readonly string[];
  tasks: readonly Task[];
}): React.ReactElement | null {
  if (!props.names.length) {
    return null;
  }
  const known = (name: string): string => {
    const value = props.tasks.find(task => task.outputs[name])?.outputs[name];
    return value ? handedText(value) : '';
  };
  return (
    <dl className="jp-mlops-Values">
      <dt className="jp-mlops-Quiet">{props.title}</dt>
      {props.names.map(name => (
        <dd key={name}>
          <code>{name}</code> <span className="jp-mlops-Quiet">{known(name)}</span>
        </dd>
      ))}
    </dl>
  );
}
