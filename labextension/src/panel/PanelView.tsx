import { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { JSONObject } from '@lumino/coreutils';
import * as React from 'react';
import { Failure } from '../api/failure';
import { Analysis, Diagnostic, Fix } from '../api/shapes';
import { askAgain } from '../model/askAgain';
import { PipelineModel } from '../model/pipelineModel';
import { CommandIDs, IMLOps, includedPath, runArgs } from '../tokens';
import { CommandButton } from '../ui/CommandButton';
import { ConnectionLost } from '../ui/ConnectionLost';
import { Graph } from '../ui/Graph';
import { graphOf } from '../ui/graphOf';
import { EmptyNote, FailureNote, LoadingNote, TryAgain } from '../ui/notes';
import { useNow } from '../ui/now';
import { serverFailure } from '../ui/serverFailure';
import { useSignal } from '../ui/signals';
import { applyFix } from '../notebook/applyFix';
import { Head } from './Head';
import { ParamsForm } from './ParamsForm';
import { Problems } from './Problems';
import { RecentRuns } from './RecentRuns';
import { useSelectedStep } from './selection';
import { StepCard } from './StepCard';
import { TargetPicker } from './TargetPicker';

interface Props {
  app: JupyterFrontEnd;
  mlops: IMLOps;
  /** Show the menu of a step at a place of the page. */
  onMenu: (step: string, at: { x: number; y: number }) => void;
}

/** The current notebook's pipeline; without one, how to begin. */
export function PanelView(props: Props): React.ReactElement {
  const { mlops, app } = props;
  const { trans, server, pipelines, stream } = mlops;
  useSignal(server.changed);
  useSignal(pipelines?.currentChanged);
  useSignal(stream.connectedChanged);
  const pipeline = pipelines?.current ?? null;
  const again = (
    <CommandButton commands={app.commands} id={CommandIDs.refresh} label={trans.__('Try again')} testid="mlops-again" />
  );
  const failure = serverFailure(server, trans);
  if (failure && (server.isOther || !pipeline?.analysis)) {
    return (
      <FailureNote failure={failure}>
        <TryAgain trans={trans} testid="mlops-again" onTry={() => void askAgain(mlops)} />
      </FailureNote>
    );
  }
  if (!pipeline) {
    return <Nothing {...props} />;
  }
  return (
    <>
      {stream.connected ? null : <ConnectionLost trans={trans} onTry={() => void askAgain(mlops)} />}
      <Pipeline key={pipeline.panel.id} {...props} pipeline={pipeline} again={again} />
    </>
  );
}

function Nothing({ mlops, app }: Props): React.ReactElement {
  const { trans } = mlops;
  return (
    <EmptyNote title={trans.__('Open a notebook to see the pipeline that it is.')}>
      <p>{trans.__('Its headings make the steps; nothing has to be written for that.')}</p>
      <CommandButton commands={app.commands} id={CommandIDs.openHome} label={trans.__('Show all runs')} />
    </EmptyNote>
  );
}

interface PipelineProps extends Props {
  pipeline: PipelineModel;
  /** The button to look at it again. */
  again: React.ReactElement;
}

function Pipeline(props: PipelineProps): React.ReactElement {
  const { app, mlops, pipeline, again } = props;
  const { trans, targets } = mlops;
  useSignal(pipeline.changed);
  useSignal(targets.changed);
  useNow(30_000);
  const { analysis, failure } = pipeline;
  if (pipeline.isUnreadable) {
    return <Unreadable {...props} />;
  }
  if (!analysis) {
    return failure ? (
      <FailureNote failure={failure}>{again}</FailureNote>
    ) : (
      <LoadingNote text={trans.__('Reading the notebook…')} />
    );
  }
  const go = (item: Diagnostic): void => void app.commands.execute(CommandIDs.goToCell, placeArgs(item, pipeline.path));
  const fix = (item: Fix): void => {
    // It names lines as they were when the notebook was looked at.
    const isCurrent = item.edits.every(edit => pipeline.isAsAnalysed(edit.cell));
    if (!isCurrent || !applyFix(pipeline.panel.content, item)) {
      Notification.warning(trans.__('The cell was changed or deleted since; the notebook is looked at again.'));
    }
    void pipeline.refresh();
  };
  return (
    <div className="jp-mlops-PanelBody">
      <Head pipeline={pipeline} clock={mlops.client.clock} commands={app.commands} trans={trans} />
      {failure ? <FailureNote failure={failure}>{again}</FailureNote> : null}
      <Steps {...props} analysis={analysis} />
      <Problems diagnostics={analysis.diagnostics} trans={trans} onGo={go} onFix={fix} />
      <ParamsForm
        parameters={analysis.parameters}
        values={pipeline.params}
        trans={trans}
        onChange={(name, value) => pipeline.setParam(name, value)}
      />
      <TargetPicker
        known={targets.of(pipeline.path, pipeline.next)}
        contexts={targets.contexts.answer ?? []}
        next={pipeline.next}
        trans={trans}
        onChange={changes => pipeline.setNext(changes)}
        onTargets={() => void app.commands.execute(CommandIDs.openHome, { folder: pipeline.path, tab: 'targets' })}
      />
      <RecentRuns
        runs={pipeline.recent}
        now={mlops.client.clock.now()}
        trans={trans}
        onOpen={run => void app.commands.execute(CommandIDs.openRun, { run: run.run, folder: pipeline.path })}
        onHome={() => void app.commands.execute(CommandIDs.openHome, { folder: pipeline.path })}
      />
    </div>
  );
}

/** The file is no notebook: it can be looked at and mended as text. */
function Unreadable({ app, mlops, pipeline }: PipelineProps): React.ReactElement {
  const { trans } = mlops;
  const failure = new Failure(
    'unreadable',
    trans.__('This file cannot be read as a notebook.'),
    trans.__('Mend it as text, or put an earlier version of it in its place. Then close it, and open it again.')
  );
  return (
    <FailureNote failure={failure}>
      <CommandButton
        commands={app.commands}
        id="docmanager:open"
        args={{ path: pipeline.path, factory: 'Editor' }}
        label={trans.__('Open as Text')}
      />
    </FailureNote>
  );
}

/** Where a diagnostic is, as `goToCell` takes it: in the notebook itself, or in one that it includes. */
function placeArgs(item: Diagnostic, path: string): JSONObject {
  const place: JSONObject = { index: item.cell ?? 0, line: item.line ?? 1 };
  if (item.notebook) {
    return { ...place, path: includedPath(path, item.notebook) };
  }
  return item.cell_id ? { ...place, cell: item.cell_id } : place;
}

/** The graph, and the step that is selected in it or in the notebook. */
function Steps({
  app,
  mlops,
  pipeline,
  analysis,
  onMenu
}: Props & { pipeline: PipelineModel; analysis: Analysis }): React.ReactElement {
  const { trans } = mlops;
  const [selected, select] = useSelectedStep(pipeline);
  const { lastRun } = pipeline;
  const data = graphOf(analysis, lastRun, trans);
  const step = analysis.steps.find(item => item.name === selected);
  const run = lastRun ? runArgs(lastRun.ref) : null;
  const activate = (name: string): void => {
    const first = analysis.steps.find(item => item.name === name)?.cells[0];
    void app.commands.execute(CommandIDs.goToCell, { index: first ?? 0 });
  };
  if (analysis.steps.length === 0) {
    return (
      <EmptyNote title={trans.__('There are no steps yet.')}>
        <p>{trans.__('Write a cell; a heading above it gives the step its name.')}</p>
      </EmptyNote>
    );
  }
  return (
    <>
      <div className="jp-mlops-PanelGraph">
        <Graph
          data={data}
          selected={selected}
          onSelect={select}
          onActivate={activate}
          onMenu={onMenu}
          translation={trans}
        />
      </div>
      {step ? (
        <StepCard
          step={step}
          tasks={lastRun?.tasksOf(step.name) ?? []}
          run={run}
          commands={app.commands}
          trans={trans}
        />
      ) : null}
    </>
  );
}
