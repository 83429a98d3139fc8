import { CommandRegistry } from '@lumino/commands';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Notification } from '@jupyterlab/apputils';
import { redoIcon, undoIcon } from '@jupyterlab/ui-components';
import { PipelineModel } from '../model/pipelineModel';
import { CommandIDs, IMLOps } from '../tokens';
import { pipelineIcon } from '../ui/icons';
import { changeCells, convertNotebook } from './cellEdits';
import { openCellMenu } from './cellMenu';
import { selectedCodeCells } from './cellSelection';
import { withRole, withStep } from './metadata';
import { askStep } from './stepDialog';
import { nameProblem } from './stepName';
import { UndoableEdits } from './undoableEdit';

type Args = ReadonlyPartialJSONObject;
type SetRole = 'setup' | 'parameters' | 'skip';

/** The commands that say what cells are for. They act on the selected code cells of the current notebook. */
export function addStepCommands(commands: CommandRegistry, mlops: IMLOps): void {
  addSetting(commands, mlops);
  addUndoing(commands, mlops);
}

function addSetting(commands: CommandRegistry, mlops: IMLOps): void {
  const { trans } = mlops;
  const current = (): PipelineModel | null => mlops.pipelines?.current ?? null;
  const hasCells = (): boolean => {
    const notebook = current()?.panel.content;
    return notebook !== undefined && selectedCodeCells(notebook).length > 0;
  };
  commands.addCommand(CommandIDs.setStep, {
    label: args => (typeof args.step === 'string' ? args.step : trans.__('Set Step…')),
    caption: trans.__('Say which step the selected cells belong to'),
    isEnabled: hasCells,
    isToggleable: true,
    isToggled: args => typeof args.step === 'string' && places(current()).every(place => place?.step === args.step),
    execute: args => setStep(mlops, args)
  });
  commands.addCommand(CommandIDs.setRole, {
    label: args =>
      args.palette && args.role ? trans.__('Set Role: %1', roleLabel(args, mlops)) : roleLabel(args, mlops),
    caption: args => roleCaption(args, mlops),
    isEnabled: hasCells,
    isToggleable: true,
    isToggled: args => typeof args.role === 'string' && places(current()).every(place => place?.role === args.role),
    execute: args => setRole(mlops, (args.role ?? null) as SetRole | null)
  });
  commands.addCommand(CommandIDs.convert, {
    label: trans.__('Write Found Steps Into Cells'),
    caption: trans.__('Write the steps that were found as metadata, to change them by hand; can be undone'),
    isEnabled: () => current() !== null,
    execute: () => {
      const pipeline = current();
      return pipeline ? convertNotebook(pipeline, mlops) : false;
    }
  });
  commands.addCommand(CommandIDs.openCellMenu, {
    label: args => (args.toolbar ? '' : trans.__('Step of the Cell…')),
    caption: trans.__('Set the step or the role of the selected cells, run the step'),
    icon: pipelineIcon,
    isEnabled: hasCells,
    execute: () => openCellMenu(commands, mlops, anchorOf(current()))
  });
}

function addUndoing(commands: CommandRegistry, mlops: IMLOps): void {
  const edits = (): UndoableEdits | null => {
    const notebook = mlops.pipelines?.current?.panel.content;
    return notebook ? UndoableEdits.of(notebook) : null;
  };
  commands.addCommand(CommandIDs.undoEdit, {
    label: mlops.trans.__('Undo Change of Steps'),
    icon: undoIcon,
    isEnabled: () => edits()?.canUndo ?? false,
    execute: () => edits()?.undo()
  });
  commands.addCommand(CommandIDs.redoEdit, {
    label: mlops.trans.__('Redo Change of Steps'),
    icon: redoIcon,
    isEnabled: () => edits()?.canRedo ?? false,
    execute: () => edits()?.redo()
  });
}

async function setStep(mlops: IMLOps, args: Args): Promise<boolean> {
  const { trans } = mlops;
  const pipeline = mlops.pipelines?.current;
  const cells = pipeline ? selectedCodeCells(pipeline.panel.content).map(cell => cell.model.id) : [];
  if (!pipeline || cells.length === 0) {
    return false;
  }
  const known = pipeline.analysis?.steps.map(step => step.name) ?? [];
  const now = places(pipeline).find(place => place?.step)?.step ?? '';
  const step = typeof args.step === 'string' ? args.step : await askStep(known, now, trans);
  const problem = step === null ? '' : nameProblem(step, trans);
  if (problem) {
    Notification.error(problem, { autoClose: 8000 });
  }
  return step === null || problem
    ? false
    : changeCells(pipeline, cells, metadata => withStep(metadata, step), { ...mlops, names: true });
}

async function setRole(mlops: IMLOps, role: SetRole | null): Promise<boolean> {
  const pipeline = mlops.pipelines?.current;
  const cells = pipeline ? selectedCodeCells(pipeline.panel.content).map(cell => cell.model.id) : [];
  return pipeline
    ? changeCells(pipeline, cells, metadata => withRole(metadata, role), { ...mlops, names: false })
    : false;
}

function places(pipeline: PipelineModel | null): ReturnType<PipelineModel['placeOf']>[] {
  return pipeline ? selectedCodeCells(pipeline.panel.content).map(cell => pipeline.placeOf(cell.model.id)) : [];
}

function roleLabel(args: Args, { trans }: IMLOps): string {
  const labels: { [role: string]: string } = {
    setup: trans.__('Setup'),
    parameters: trans.__('Parameters'),
    skip: trans.__('Skip')
  };
  return labels[String(args.role)] ?? trans.__('Clear Step and Role');
}

function roleCaption(args: Args, { trans }: IMLOps): string {
  const captions: { [role: string]: string } = {
    setup: trans.__('Imports and definitions: available in every step'),
    parameters: trans.__('Values that can be set for each run'),
    skip: trans.__('Not part of the pipeline')
  };
  return captions[String(args.role)] ?? trans.__('As if no step and no role had been set');
}

/** Where the menu of the active cell opens: at its toolbar's button, else at its chip, else at the cell. */
function anchorOf(pipeline: PipelineModel | null): Element {
  const node = pipeline?.panel.content.activeCell?.node;
  const candidates = ['[data-jp-item-name="mlops-step"]', '.jp-mlops-Chip', '.jp-InputArea'];
  const found = candidates.map(selector => node?.querySelector(selector)).find(item => item?.getClientRects().length);
  return found ?? node ?? document.body;
}
