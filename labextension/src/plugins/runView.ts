import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification, WidgetTracker } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { RunRef } from '../api/shapes';
import { RunWidget } from '../runView/RunWidget';
import { CommandIDs, IMLOps, refOfArgs, runArgs } from '../tokens';
import { pipelineIcon } from '../ui/icons';
import { activateView, placeView } from '../ui/place';

type Args = ReadonlyPartialJSONObject;

/** A run in the main area. */
export const runViewPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:run-view',
  description: 'Runs in the main area.',
  autoStart: true,
  requires: [IMLOps],
  optional: [IRenderMimeRegistry, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    mlops: IMLOps,
    rendermime: IRenderMimeRegistry | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const tracker = new WidgetTracker<RunWidget>({ namespace: 'jupyter-mlops-run-view' });
    addCommands(new Opener(app, mlops, rendermime, tracker));
    const category = mlops.trans.__('MLOps');
    for (const command of [CommandIDs.openRun, CommandIDs.compareRuns, CommandIDs.refreshRun]) {
      palette?.addItem({ command, category });
    }
    void restorer?.restore(tracker, {
      command: CommandIDs.openRun,
      args: ({ ref, selection }) => ({ ...runArgs(ref), task: selection.task, other: selection.other }),
      name: ({ ref }) => ref.run
    });
  }
};

/** Opens the views of runs, one for each run. */
class Opener {
  constructor(
    readonly app: JupyterFrontEnd,
    readonly mlops: IMLOps,
    private _rendermime: IRenderMimeRegistry | null,
    readonly tracker: WidgetTracker<RunWidget>
  ) {}

  /** The run that a command is about: that of its arguments, of the view that is used, or of the current notebook. */
  refOf(args: Args): RunRef | null {
    const named = refOfArgs(args);
    if (named) {
      return named;
    }
    const { currentWidget } = this.tracker;
    const isUsed = currentWidget !== null && currentWidget === this.app.shell.currentWidget;
    return isUsed ? currentWidget.ref : (this.mlops.pipelines?.current?.lastRun?.ref ?? null);
  }

  open(ref: RunRef): RunWidget {
    const { app, tracker, mlops } = this;
    const known = tracker.find(widget => widget.ref.run === ref.run);
    const { commands, shell } = app;
    const widget = known ?? new RunWidget({ ...mlops, ref, commands, rendermime: this._rendermime });
    if (!known) {
      void tracker.add(widget);
      widget.selection.changed.connect(() => void tracker.save(widget));
    }
    placeView(shell, widget);
    activateView(shell, widget);
    return widget;
  }
}

function addCommands(opener: Opener): void {
  const { app, mlops, tracker } = opener;
  const { trans } = mlops;
  app.commands.addCommand(CommandIDs.openRun, {
    label: trans.__('Open Run'),
    caption: trans.__('Show a run: its graph, logs, metrics and outputs'),
    icon: pipelineIcon,
    isEnabled: args => opener.refOf(args) !== null,
    execute: args => {
      const ref = opener.refOf(args);
      const widget = ref && opener.open(ref);
      if (widget && typeof args.task === 'string') {
        widget.selection.task = args.task;
      }
      if (widget && typeof args.other === 'string') {
        widget.selection.other = args.other;
      }
    }
  });
  app.commands.addCommand(CommandIDs.compareRuns, {
    label: trans.__('Compare Run'),
    caption: trans.__('Compare this run with another one of the same pipeline'),
    isEnabled: args => opener.refOf(args) !== null,
    execute: args => {
      const ref = opener.refOf(args);
      if (ref) {
        opener.open(ref).selection.other = typeof args.other === 'string' ? args.other : '';
      } else {
        Notification.info(trans.__('Open a run first.'), { autoClose: 4000 });
      }
    }
  });
  app.commands.addCommand(CommandIDs.refreshRun, {
    label: trans.__('Load Run Again'),
    caption: trans.__('Load this run anew from the server'),
    isEnabled: args => opener.refOf(args) !== null,
    execute: async args => {
      const ref = opener.refOf(args);
      await tracker.find(widget => widget.ref.run === ref?.run)?.refresh();
    }
  });
}
