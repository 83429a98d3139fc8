import * as React from 'react';
import { Task } from '../api/shapes';
import { RunModel } from '../model/runModel';
import { LOCAL } from '../model/targets';
import { stateIcon, valueText, waitText } from '../ui/looks';
import { StateMark } from '../ui/marks';
import { ArtifactsPanel } from './ArtifactsPanel';
import { FailurePanel } from './FailurePanel';
import { LogPanel } from './LogPanel';
import { MetricsPanel } from './MetricsPanel';
import { OutputsPanel } from './OutputsPanel';
import { PodsPanel } from './PodsPanel';
import { RunServices } from './services';
import { TabItem, Tabs } from './Tabs';
import { timeOf } from './TaskTable';
import { UsePanel } from './UsePanel';
import { peakText } from './amounts';
import { ValuesPanel } from './ValuesPanel';
import { WhyPanel } from './WhyPanel';

/** How often, in seconds, one looks for what changes without an event of the run. */
const NEWS_EVERY_S = 3;

interface Props {
  services: RunServices;
  model: RunModel;
  task: Task;
  now: number;
  /** Which tab was chosen; empty: the one that matters most. */
  tab: string;
  onTab: (tab: string) => void;
  onSelect: (task: string | null) => void;
}

/** All that is known of one task. Escape goes back to the run. */
export function TaskDetails(props: Props): React.ReactElement {
  const { services, task, now, onSelect } = props;
  const { trans } = services;
  const tabs = tabsOf(props);
  const selected = tabs.some(tab => tab.id === props.tab) ? props.tab : tabs[0].id;
  return (
    <section
      className="jp-mlops-Details"
      aria-label={trans.__('Task %1', task.task)}
      data-testid="mlops-task"
      data-task={task.task}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.preventDefault();
          onSelect(null);
        }
      }}
    >
      <div className="jp-mlops-DetailsHead">
        <h3 className="jp-mlops-Cut" title={task.task}>
          {task.step}
        </h3>
        <LoopItems {...props} />
        <StateMark state={task.state} trans={trans} />
        <span className="jp-mlops-Faint">{timeOf(task, now)}</span>
        {peakText(task, trans) ? (
          <span className="jp-mlops-Faint">{trans.__('peak %1', peakText(task, trans))}</span>
        ) : null}
        {task.attempt > 1 ? <span className="jp-mlops-Faint">{trans.__('attempt %1', task.attempt)}</span> : null}
        <span className="jp-mlops-Spring" />
        <button
          className="jp-mlops-Tool"
          onClick={() => onSelect(null)}
          title={trans.__('Back to the run (Escape)')}
          aria-label={trans.__('Close the task')}
        >
          ✕
        </button>
      </div>
      <p className="jp-mlops-TaskWaits" role="status">
        {waitText(task, trans)}
      </p>
      <Tabs label={trans.__('Task %1', task.task)} tabs={tabs} selected={selected} onSelect={props.onTab} />
    </section>
  );
}

/** The tasks of the same loop, to go from one to the next. */
function LoopItems({ services, model, task, onSelect }: Props): React.ReactElement | null {
  const { trans } = services;
  const items = model.tasksOf(task.step);
  if (items.length < 2) {
    return null;
  }
  return (
    <select
      className="jp-mlops-Input"
      aria-label={trans.__('Task of the loop %1', task.step)}
      value={task.task}
      onChange={event => onSelect(event.target.value)}
    >
      {items.map(item => (
        <option key={item.task} value={item.task}>
          {`${stateIcon(item.state)} ${item.task}${item.item === null || item.item === undefined ? '' : ` · ${valueText(item.item)}`}`}
        </option>
      ))}
    </select>
  );
}

function tabsOf({ services, model, task, now, onSelect }: Props): TabItem[] {
  const { trans } = services;
  const run = model.run;
  const isLive = task.state === 'running';
  const version = `${task.state} ${task.attempt}`;
  const news = `${task.task} ${version} ${isLive ? Math.floor(now / NEWS_EVERY_S) : ''}`;
  const isRemote = run !== null && run.target !== LOCAL && task.attempt > 0;
  const values = Object.keys(task.outputs).length;
  const measured = [...model.metrics.values()].filter(points => points.some(point => point.task === task.task)).length;
  const tabs: (TabItem | null)[] = [
    run && task.state === 'failed'
      ? {
          id: 'failure',
          label: trans.__('Failure'),
          draw: () => <FailurePanel key={task.task} {...{ services, run, task }} />
        }
      : null,
    { id: 'log', label: trans.__('Log'), draw: () => <TaskLog key={task.task} {...{ services, task, isLive }} /> },
    {
      id: 'outputs',
      label: trans.__('Outputs'),
      draw: () => <OutputsPanel key={task.task} {...{ services, version, isLive, task: task.task }} />
    },
    {
      id: 'metrics',
      label: trans.__('Metrics'),
      badge: measured ? String(measured) : '',
      draw: () => <MetricsPanel {...{ trans, isLive, metrics: model.metrics, task: task.task }} />
    },
    {
      id: 'artifacts',
      label: trans.__('Artifacts'),
      draw: () => <ArtifactsPanel key={task.task} {...{ services, version, task: task.task }} />
    },
    {
      id: 'values',
      label: trans.__('Values'),
      badge: values ? String(values) : '',
      draw: () => <ValuesPanel {...{ trans, task, onSelect }} />
    },
    task.attempt > 0
      ? {
          id: 'use',
          label: trans.__('Resources'),
          draw: () => <UsePanel key={task.task} {...{ services, task, isLive }} version={news} />
        }
      : null,
    isRemote
      ? {
          id: 'pods',
          label: trans.__('Pods'),
          draw: () => <PodsPanel key={task.task} {...{ services, task }} version={news} />
        }
      : null,
    run ? { id: 'why', label: trans.__('Why'), draw: () => <WhyPanel {...{ trans, run, task, now }} /> } : null
  ];
  return tabs.filter((tab): tab is TabItem => tab !== null);
}

/** The log of a task's latest attempt, or of an earlier one. */
function TaskLog(props: { services: RunServices; task: Task; isLive: boolean }): React.ReactElement {
  const { services, task, isLive } = props;
  const { client, ref, trans } = services;
  const [chosen, setChosen] = React.useState<number | null>(null);
  const attempts = (task.attempts ?? []).map(item => item.attempt);
  const attempt = chosen ?? task.attempt;
  const isOld = attempt !== task.attempt;
  return (
    <div className="jp-mlops-TaskLog">
      {attempts.length > 1 ? (
        <label className="jp-mlops-RunCheck">
          {trans.__('Attempt')}
          <select className="jp-mlops-Input" value={attempt} onChange={event => setChosen(Number(event.target.value))}>
            {attempts.map(item => (
              <option key={item} value={item}>
                {item}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      <LogPanel
        key={attempt}
        trans={trans}
        isLive={isLive && !isOld}
        name={task.task}
        read={(start, limit) => client.log(ref, task.task, start, limit, isOld ? attempt : undefined)}
      />
    </div>
  );
}
