import * as React from 'react';
import { EventStream } from '../api/stream';
import { Run } from '../api/shapes';
import { RunModel } from '../model/runModel';
import { ConnectionLost } from '../ui/ConnectionLost';
import { Graph } from '../ui/Graph';
import { graphOfRun } from '../ui/graphOf';
import { EmptyNote, FailureNote, LoadingNote, TryAgain } from '../ui/notes';
import { useNow } from '../ui/now';
import { useSignal } from '../ui/signals';
import { Compare } from './Compare';
import { Gantt } from './Gantt';
import { RunDetails } from './RunDetails';
import { taskOfStep } from './progress';
import { RunHead } from './RunHead';
import { Selection } from './selection';
import { RunServices } from './services';
import { Split } from './Split';
import { Tabs } from './Tabs';
import { TaskDetails } from './TaskDetails';
import { TaskTable } from './TaskTable';

interface Props {
  services: RunServices;
  model: RunModel;
  stream: EventStream;
  selection: Selection;
  onClose: () => void;
}

/** A run in the main area: its head, its tasks from three sides, and the details of what is selected. */
export function RunView(props: Props): React.ReactElement {
  const { services, model, selection } = props;
  const { trans } = services;
  useSignal(model.changed);
  useSignal(selection.changed);
  useReturn(props);
  useNow(1000, !model.isOver);
  const now = services.client.clock.now();
  const { run } = model;
  if (!run) {
    return model.failure ? (
      <FailureNote failure={model.failure}>
        <TryAgain trans={trans} onTry={() => void model.refresh()} />{' '}
        <button className="jp-mod-styled" onClick={props.onClose}>
          {trans.__('Close')}
        </button>
      </FailureNote>
    ) : (
      <LoadingNote text={trans.__('Loading the run…')} />
    );
  }
  return (
    <div className="jp-mlops-Run">
      <Banners {...props} />
      <RunHead {...{ trans, run, now }} graph={model.graph} metrics={model.metrics} />
      {selection.other !== null ? (
        <Compare
          services={services}
          run={run}
          other={selection.other}
          now={now}
          onOther={other => (selection.other = other)}
        />
      ) : (
        <Parts {...props} run={run} now={now} />
      )}
    </div>
  );
}

/** What stands in the way, while what is known stays. */
function Banners({ services, model, stream, onClose }: Props): React.ReactElement | null {
  const { trans } = services;
  useSignal(stream.connectedChanged);
  if (model.deleted) {
    return (
      <div className="jp-mlops-Banner" role="alert" data-testid="mlops-run-deleted">
        <span>{trans.__('This run was deleted. What is here was its last state; logs and files are gone.')}</span>
        <button className="jp-mlops-Tool" onClick={onClose}>
          {trans.__('Close')}
        </button>
      </div>
    );
  }
  if (!stream.connected || model.failure?.code === 'unreachable') {
    return <ConnectionLost trans={trans} onTry={() => (stream.reconnect(), void model.refresh())} />;
  }
  return model.failure ? (
    <FailureNote failure={model.failure}>
      <TryAgain trans={trans} onTry={() => void model.refresh()} />
    </FailureNote>
  ) : null;
}

function Parts(props: Props & { run: Run; now: number }): React.ReactElement {
  const { services, model, selection, run, now } = props;
  const { trans } = services;
  const [side, setSide] = React.useState('graph');
  const [tab, setTab] = React.useState('');
  const task = run.tasks.find(item => item.task === selection.task);
  const onSelect = (name: string | null): void => {
    selection.task = name;
  };
  // Who leaves a task from within its details goes on in those of the run.
  const isLeaving = React.useRef(false);
  const onLeave = (name: string | null): void => {
    isLeaving.current = name === null;
    onSelect(name);
  };
  const shared = { trans, now, tasks: run.tasks, selected: task?.task ?? null, onSelect };
  const sides = [
    {
      id: 'graph',
      label: trans.__('Graph'),
      draw: () => <RunGraph {...{ services, model, run, onSelect }} step={task?.step ?? null} />
    },
    { id: 'timeline', label: trans.__('Timeline'), draw: () => <Gantt {...shared} started={run.started} /> },
    {
      id: 'tasks',
      label: trans.__('Tasks'),
      badge: String(run.tasks.length || ''),
      draw: () => <TaskTable {...shared} />
    }
  ];
  return (
    <Split
      label={trans.__('Room for tasks and details')}
      first={<Tabs label={trans.__('Tasks')} tabs={sides} selected={side} onSelect={setSide} />}
      second={
        task ? (
          <TaskDetails {...{ services, model, task, now, tab }} onSelect={onLeave} onTab={setTab} />
        ) : (
          <RunDetails {...{ services, model, run, tab, onSelect }} takeFocus={isLeaving} onTab={setTab} />
        )
      }
    />
  );
}

interface GraphProps {
  services: RunServices;
  model: RunModel;
  run: Run;
  /** The selected step. */
  step: string | null;
  onSelect: (task: string | null) => void;
}

function RunGraph({ services, model, run, step, onSelect }: GraphProps): React.ReactElement {
  const { trans } = services;
  const { graph } = model;
  // The model stays the same; its run and graph are new ones after each change.
  const data = React.useMemo(
    () => graphOfRun({ run, graph, tasksOf: name => model.tasksOf(name) }, trans),
    [model, run, graph, trans]
  );
  if (data.nodes.length === 0) {
    return <EmptyNote title={trans.__('There are no steps.')} />;
  }
  const choose = (name: string | null): void => {
    if (name !== step) {
      onSelect(name === null ? null : (taskOfStep(run.tasks, name)?.task ?? null));
    }
  };
  return <Graph data={data} translation={trans} selected={step} onSelect={choose} onActivate={choose} />;
}

/** When the connection is there again, what happened meanwhile is loaded. */
function useReturn({ model, stream }: Props): void {
  React.useEffect(() => {
    const slot = (_: EventStream, connected: boolean): void => {
      if (connected && !model.deleted) {
        void model.refresh();
      }
    };
    stream.connectedChanged.connect(slot);
    return () => {
      stream.connectedChanged.disconnect(slot);
    };
  }, [model, stream]);
}
