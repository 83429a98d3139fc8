import * as React from 'react';
import { JSONValue } from '@lumino/coreutils';
import { Run } from '../api/shapes';
import { RunModel } from '../model/runModel';
import { valueText } from '../ui/looks';
import { EmptyNote } from '../ui/notes';
import { ArtifactsPanel } from './ArtifactsPanel';
import { Environment } from './Environment';
import { FailurePanel } from './FailurePanel';
import { MetricsPanel } from './MetricsPanel';
import { OutputsPanel } from './OutputsPanel';
import { RunServices } from './services';
import { TabItem, Tabs } from './Tabs';

interface Props {
  services: RunServices;
  model: RunModel;
  run: Run;
  tab: string;
  onTab: (tab: string) => void;
  onSelect: (task: string) => void;
  /** True when it comes in place of what had the focus. */
  takeFocus: React.MutableRefObject<boolean>;
}

/** Failures that are shown at once; the rest are in the list of tasks. */
const MOST_FAILURES = 5;

/** What is known of the run as a whole, while no task is selected. */
export function RunDetails(props: Props): React.ReactElement {
  const { trans } = props.services;
  const tabs = tabsOf(props);
  const selected = tabs.some(tab => tab.id === props.tab) ? props.tab : firstTab(props);
  const host = React.useRef<HTMLElement>(null);
  const { takeFocus } = props;
  React.useEffect(() => {
    if (takeFocus.current) {
      takeFocus.current = false;
      host.current?.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus();
    }
  }, [takeFocus]);
  return (
    <section ref={host} className="jp-mlops-Details" aria-label={trans.__('Run')} data-testid="mlops-run-details">
      <Tabs label={trans.__('Run')} tabs={tabs} selected={selected} onSelect={props.onTab} />
    </section>
  );
}

/** What is most worth a look: failures, else curves, else outputs. */
function firstTab({ model, run }: Props): string {
  if (run.tasks.some(task => task.state === 'failed')) {
    return 'failure';
  }
  return model.metrics.size === 0 && run.notebook ? 'outputs' : 'metrics';
}

function tabsOf({ services, model, run, onSelect }: Props): TabItem[] {
  const { trans } = services;
  const failed = run.tasks.filter(task => task.state === 'failed');
  const version = run.tasks.map(task => task.state).join(' ');
  const tabs: (TabItem | null)[] = [
    failed.length > 0
      ? {
          id: 'failure',
          label: trans._n('Failure', 'Failures', failed.length),
          badge: failed.length > 1 ? String(failed.length) : '',
          draw: () => <Failures {...{ services, run, onSelect }} />
        }
      : null,
    {
      id: 'metrics',
      label: trans.__('Metrics'),
      badge: model.metrics.size ? String(model.metrics.size) : '',
      draw: () => <MetricsPanel {...{ trans, metrics: model.metrics, task: null, isLive: !model.isOver }} />
    },
    {
      id: 'outputs',
      label: trans.__('Notebook'),
      draw: () => <OutputsPanel {...{ services, version, task: null, isLive: false }} />
    },
    {
      id: 'artifacts',
      label: trans.__('Artifacts'),
      draw: () => <ArtifactsPanel {...{ services, version, task: null }} />
    },
    {
      id: 'params',
      label: trans.__('Parameters'),
      badge: Object.keys(run.params).length ? String(Object.keys(run.params).length) : '',
      draw: () => <Params params={run.params} empty={trans.__('The run has no parameters.')} />
    },
    run.environment
      ? {
          id: 'environment',
          label: trans.__('Environment'),
          draw: () => <Environment trans={trans} environment={run.environment} />
        }
      : null
  ];
  return tabs.filter((tab): tab is TabItem => tab !== null);
}

function Failures(props: { services: RunServices; run: Run; onSelect: (task: string) => void }): React.ReactElement {
  const { services, run } = props;
  const failed = run.tasks.filter(task => task.state === 'failed');
  return (
    <>
      {failed.slice(0, MOST_FAILURES).map(task => (
        <div key={task.task}>
          <button className="jp-mlops-Link" onClick={() => props.onSelect(task.task)}>
            {services.trans.__('Show task %1', task.task)}
          </button>
          <FailurePanel services={services} run={run} task={task} />
        </div>
      ))}
      {failed.length > MOST_FAILURES ? (
        <p className="jp-mlops-Faint">{services.trans.__('and %1 more', failed.length - MOST_FAILURES)}</p>
      ) : null}
    </>
  );
}

function Params(props: { params: { [name: string]: JSONValue }; empty: string }): React.ReactElement {
  const entries = Object.entries(props.params);
  if (entries.length === 0) {
    return <EmptyNote title={props.empty} />;
  }
  return (
    <table className="jp-mlops-Table">
      <tbody>
        {entries.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">
              <code>{name}</code>
            </th>
            <td title={typeof value === 'string' ? value : JSON.stringify(value)}>{valueText(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
