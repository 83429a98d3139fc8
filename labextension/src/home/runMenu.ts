import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import { CommandIDs, runArgs } from '../tokens';
import { RunsModel } from './runsModel';

/** Open the menu of the selected runs at a place of the page. */
export function openRunMenu(commands: CommandRegistry, model: RunsModel, at: { x: number; y: number }): void {
  const { folder, rows, selection } = model;
  const runs = [...selection.ids].sort().reverse();
  const menu = new Menu({ commands });
  const add = (command: string, args: { [name: string]: string | string[] }): void => {
    if (commands.hasCommand(command)) {
      menu.addItem({ command, args });
    }
  };
  const [newest, other] = runs;
  if (runs.length === 1) {
    const args = { ...runArgs({ run: newest, folder }), state: rows.at(rows.indexOf(newest))?.state ?? '' };
    add(CommandIDs.openRun, args);
    add(CommandIDs.compareRuns, args);
    add(CommandIDs.cancelRun, args);
    add(CommandIDs.retryRun, args);
  } else if (runs.length === 2) {
    add(CommandIDs.compareRuns, { run: other, other: newest, folder });
  }
  if (runs.length > 0) {
    add(CommandIDs.deleteRuns, { runs, folder });
    menu.aboutToClose.connect(() => window.setTimeout(() => menu.dispose()));
    menu.open(at.x, at.y);
  }
}
