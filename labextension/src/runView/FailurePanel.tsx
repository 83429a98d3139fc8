import * as React from 'react';
import { JSONObject } from '@lumino/coreutils';
import { Run, Task } from '../api/shapes';
import { CommandIDs, includedPath, runArgs } from '../tokens';
import { CommandButton } from '../ui/CommandButton';
import { plainText } from './ansi';
import { Cell, cellsOf } from './executed';
import { RunServices } from './services';
import { useLoaded } from './useLoaded';

interface Props {
  services: RunServices;
  run: Run;
  task: Task;
}

/** Why a task failed: the exception, the line in its cell, and what can be done. */
export function FailurePanel({ services, run, task }: Props): React.ReactElement {
  const { trans, commands, client, ref } = services;
  const { error } = task;
  const executed = useLoaded(`${task.task} ${task.attempt} ${task.notebook}`, async () =>
    task.notebook ? client.notebook(ref, task.task) : null
  );
  const cell = executed.value ? failingCell(executed.value, error?.cell_id) : undefined;
  const title = [error?.kind, error?.message].filter(Boolean).join(': ') || task.reason;
  return (
    <section
      className="jp-mlops-Failure"
      aria-label={trans.__('Failure of %1', task.task)}
      data-testid="mlops-task-failure"
    >
      <h3 className="jp-mlops-FailureTitle">{plainText(title)}</h3>
      {error?.hint ? <p className="jp-mlops-FailureHint">{error.hint}</p> : null}
      <p className="jp-mlops-FailurePlace">{placeText(services, run, task)}</p>
      {cell ? (
        <MarkedSource source={cell.source} line={error?.line ?? null} label={trans.__('The failing cell')} />
      ) : null}
      <div className="jp-mlops-Buttons">
        {run.source ? (
          <CommandButton
            commands={commands}
            id={CommandIDs.goToCell}
            args={cellArgs(run, task)}
            label={trans.__('Go to cell')}
            accept
          />
        ) : null}
        <CommandButton
          commands={commands}
          id={CommandIDs.retryRun}
          args={{ ...runArgs(ref), state: run.state }}
          label={trans.__('Retry')}
        />
      </div>
      <Traceback services={services} lines={error?.traceback ?? []} />
    </section>
  );
}

function Traceback(props: { services: RunServices; lines: readonly string[] }): React.ReactElement | null {
  return props.lines.length > 0 ? (
    <details className="jp-mlops-Fold">
      <summary>{props.services.trans.__('Traceback')}</summary>
      <pre className="jp-mlops-Pre" tabIndex={0}>
        {plainText(props.lines.join('\n'))}
      </pre>
    </details>
  ) : null;
}

/** A cell's source with numbers, and a sign at the line that failed. */
export function MarkedSource(props: { source: string; line: number | null; label: string }): React.ReactElement {
  return (
    <pre className="jp-mlops-Pre jp-mlops-Source" aria-label={props.label} tabIndex={0}>
      {props.source.split('\n').map((text, index) => {
        const isMarked = index + 1 === props.line;
        return (
          <div key={index} className={isMarked ? 'jp-mlops-SourceLine jp-mlops-mod-marked' : 'jp-mlops-SourceLine'}>
            <span className="jp-mlops-LineNumber">{`${isMarked ? '▸ ' : ''}${index + 1}`}</span>
            <span>{text || ' '}</span>
          </div>
        );
      })}
    </pre>
  );
}

function placeText({ trans }: RunServices, run: Run, task: Task): string {
  const line = task.error?.line;
  const file = task.error?.notebook || run.source || '';
  const place = line
    ? trans.__('Line %1 of this cell, in task %2', line, task.task)
    : trans.__('In task %1', task.task);
  return file ? trans.__('%1 of %2', place, file) : place;
}

function cellArgs(run: Run, task: Task): JSONObject {
  const { cell_id, cell, line, notebook = '' } = task.error ?? {};
  const args: JSONObject = { path: includedPath(run.source ?? '', notebook) };
  if (cell_id) {
    args.cell = cell_id;
  }
  if (cell !== null && cell !== undefined) {
    args.index = cell;
  }
  if (line) {
    args.line = line;
  }
  return args;
}

/** The cell with this id, else the first one that left an error. */
function failingCell(notebook: JSONObject, id: string | null | undefined): Cell | undefined {
  const cells = cellsOf(notebook);
  return (
    cells.find(cell => id && cell.id === id) ??
    cells.find(cell => cell.outputs.some(item => item.output_type === 'error'))
  );
}
