import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { JSONObject } from '@lumino/coreutils';
import { Menu } from '@lumino/widgets';
import { PipelineModel } from '../model/pipelineModel';
import { CommandIDs, IMLOps, runArgs } from '../tokens';
import { stepStates } from './stepStates';

/** One line of a cell's menu; null is a line between groups. */
export type MenuEntry = { command: string; args?: JSONObject } | null;

/** What the menu of a cell depends on. */
export interface MenuFacts {
  /** The step of the active cell; null if it has none. */
  step: string | null;
  /** The task of that step in the newest run, and the run. */
  shown: { run: string; folder: string; task: string } | null;
  /** Whether that task failed: then looking at it comes first. */
  failed: boolean;
  problems: number;
}

/** The lines of a cell's menu, apart from the names of the other steps. */
export function menuEntries(facts: MenuFacts): MenuEntry[] {
  const { step, shown, failed, problems } = facts;
  const look: MenuEntry[] = shown ? [{ command: CommandIDs.openRun, args: { ...shown } }] : [];
  const entries: MenuEntry[] = failed && shown ? [...look, null] : [];
  entries.push({ command: CommandIDs.setStep });
  for (const role of ['setup', 'parameters', 'skip', null]) {
    entries.push({ command: CommandIDs.setRole, args: { role } });
  }
  if (step !== null) {
    entries.push(
      null,
      { command: CommandIDs.runFrom, args: { step } },
      { command: CommandIDs.runOnly, args: { step } }
    );
  }
  if (!failed) {
    entries.push(...look);
  }
  return problems > 0 ? [...entries, null, { command: CommandIDs.openPanel }] : entries;
}

/** Open the menu of the active cell below an element. The focus goes back to the notebook when it is closed. */
export function openCellMenu(commands: CommandRegistry, mlops: IMLOps, anchor: Element): void {
  const pipeline = mlops.pipelines?.current;
  if (!pipeline) {
    return;
  }
  const menu = new MenuSvg({ commands });
  menu.addClass('jp-mlops-CellMenu');
  for (const entry of menuEntries(factsOf(pipeline))) {
    if (entry === null) {
      menu.addItem({ type: 'separator' });
    } else if (commands.hasCommand(entry.command)) {
      menu.addItem(entry);
    }
    if (entry?.command === CommandIDs.setStep) {
      addSteps(menu, commands, pipeline, mlops.trans.__('Join Step'));
    }
  }
  menu.aboutToClose.connect(() => {
    // Before the chosen command runs: a dialog that it opens gives the focus back to where it was.
    pipeline.panel.content.activate();
    requestAnimationFrame(() => menu.dispose());
  });
  const place = anchor.getBoundingClientRect();
  menu.open(place.left, place.bottom);
}

function factsOf(pipeline: PipelineModel): MenuFacts {
  const cell = pipeline.panel.content.activeCell?.model.id;
  const place = cell === undefined ? undefined : pipeline.placeOf(cell);
  const step = place?.role === 'step' ? place.step : null;
  const last = pipeline.lastRun;
  const state = step !== null && last ? stepStates(last.run?.tasks ?? []).get(step) : undefined;
  return {
    step,
    shown: last && state ? { ...runArgs(last.ref), task: state.task } : null,
    failed: state?.state === 'failed',
    problems: place ? pipeline.diagnosticsOf(place).length : 0
  };
}

const MOST_STEPS = 30;

function addSteps(menu: Menu, commands: CommandRegistry, pipeline: PipelineModel, label: string): void {
  const steps = pipeline.analysis?.steps ?? [];
  if (steps.length === 0) {
    return;
  }
  const submenu = new MenuSvg({ commands });
  submenu.title.label = label;
  for (const { name } of steps.slice(0, MOST_STEPS)) {
    submenu.addItem({ command: CommandIDs.setStep, args: { step: name } });
  }
  menu.addItem({ type: 'submenu', submenu });
}
