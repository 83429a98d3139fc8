import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReadonlyPartialJSONObject, Token } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { Widget } from '@lumino/widgets';
import { Client } from './api/client';
import { RunRef } from './api/shapes';
import { EventStream } from './api/stream';
import { Pipelines } from './model/pipelines';
import { Runs } from './model/runs';
import { Server } from './model/server';
import { Targets } from './model/targets';

/** Every action is a command; buttons, menus and shortcuts only name it. Arguments are JSON. */
export namespace CommandIDs {
  /** Show the panel of the current notebook's pipeline. */
  export const openPanel = 'jupyter-mlops:open-panel';
  /** Save and run the current notebook as a pipeline. */
  export const runNotebook = 'jupyter-mlops:run-notebook';
  /** Run from `step` on (without it: from the active cell's step); what is before comes from the cache. */
  export const runFrom = 'jupyter-mlops:run-from';
  /** Run only `step` (without it: the active cell's step). */
  export const runOnly = 'jupyter-mlops:run-only';
  /** Open the view of `run` in `folder` (without them: the current notebook's newest run); `task` selects one. */
  export const openRun = 'jupyter-mlops:open-run';
  /** Stop `run` in `folder`. */
  export const cancelRun = 'jupyter-mlops:cancel-run';
  /** Go on with `run` in `folder`; what succeeded is not run again. */
  export const retryRun = 'jupyter-mlops:retry-run';
  /** Delete `run` in `folder`, after asking. */
  export const deleteRun = 'jupyter-mlops:delete-run';
  /** Delete `runs`, a list, in `folder`, after asking once. */
  export const deleteRuns = 'jupyter-mlops:delete-runs';
  /** Compare `run` with `other` in `folder` (without `other`: ask which). */
  export const compareRuns = 'jupyter-mlops:compare-runs';
  /** Load `run` in `folder` anew into its view. */
  export const refreshRun = 'jupyter-mlops:refresh-run';
  /** Open the home tab: all runs of a project of `folder`; `tab` is the one to show. */
  export const openHome = 'jupyter-mlops:open-home';
  /** Make a small notebook to begin with, and open it. */
  export const openExample = 'jupyter-mlops:open-example';
  /** Go to the cell with id `cell` or index `index`, at `line` (from 1), of the notebook at `path` (or the current). */
  export const goToCell = 'jupyter-mlops:go-to-cell';
  /** Give the selected cells a step; asks for its name unless `step` is given. */
  export const setStep = 'jupyter-mlops:set-step';
  /** Give the selected cells a `role`: setup, parameters or skip; null removes what was set. */
  export const setRole = 'jupyter-mlops:set-role';
  /** Write the steps that were found as metadata into the current notebook; can be undone. */
  export const convert = 'jupyter-mlops:convert-notebook';
  /** Open the menu of the active cell: its step and role, and what can be done with them. */
  export const openCellMenu = 'jupyter-mlops:open-cell-menu';
  /** Take back the newest change of steps and roles in the current notebook. */
  export const undoEdit = 'jupyter-mlops:undo-edit';
  /** Make again what `undoEdit` took back. */
  export const redoEdit = 'jupyter-mlops:redo-edit';
  /** Show or hide the chips at the cells. */
  export const toggleChips = 'jupyter-mlops:toggle-chips';
  /** Analyse the current notebook again. */
  export const refresh = 'jupyter-mlops:refresh';
}

/** What the plugins share: the server's routes and events, and the models made of them. */
export interface IMLOps {
  readonly client: Client;
  readonly stream: EventStream;
  readonly server: Server;
  readonly runs: Runs;
  readonly targets: Targets;
  /** The open notebooks as pipelines; null where there are no notebooks. */
  readonly pipelines: Pipelines | null;
  readonly trans: TranslationBundle;
}

export const IMLOps = new Token<IMLOps>('jupyter-mlops:IMLOps', 'The pipelines of open notebooks, and their runs.');

/** A tab of the home view. A capability adds its own. */
export interface HomeTab {
  readonly id: string;
  readonly label: string;
  /** Tabs are shown in the order of their ranks. */
  readonly rank: number;
  /** Make its content; the home view disposes it. `folder` names the project as in `RunRef`. */
  create(folder: string): Widget;
}

/** The tabs of the home view. */
export interface IHomeTabs {
  add(tab: HomeTab): IDisposable;
}

export const IHomeTabs = new Token<IHomeTabs>('jupyter-mlops:IHomeTabs', 'The tabs of the home view.');

/** A run as arguments of a command. */
export function runArgs(ref: RunRef): { run: string; folder: string } {
  return { run: ref.run, folder: ref.folder };
}

/** The run that the arguments of a command name; null if they name none. */
export function refOfArgs(args: ReadonlyPartialJSONObject | null | undefined): RunRef | null {
  return typeof args?.run === 'string' ? { run: args.run, folder: String(args.folder ?? '') } : null;
}

/** The path of a notebook that the one at `path` includes; of that one itself where none is named. */
export function includedPath(path: string, included: string): string {
  return included ? PathExt.join(PathExt.dirname(path), included) : path;
}
