import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ICommandPalette, showDialog } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { JSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { refreshIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import { Failure } from '../api/failure';
import { Place, RunRef } from '../api/shapes';
import { isOver } from '../model/runModel';
import { LOCAL } from '../model/targets';
import { askAgain } from '../model/askAgain';
import { PipelineModel } from '../model/pipelineModel';
import { CommandIDs, IMLOps, refOfArgs, runArgs } from '../tokens';
import { pipelineIcon } from '../ui/icons';
import { tellFailure } from '../ui/tellFailure';

/** The commands that start, stop, go on with and delete runs. */
export const runCommandsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:run-commands',
  description: 'Start, stop, retry and delete runs.',
  autoStart: true,
  requires: [IMLOps],
  optional: [ICommandPalette, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    mlops: IMLOps,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null
  ): void => {
    const settings = registry ? loaded(registry) : null;
    const starting = {
      commands: app.commands,
      mlops,
      opens: () => settings?.current?.get('openRun').composite === true
    };
    addStarting(starting);
    addStopping(app.commands, mlops);
    const category = mlops.trans.__('MLOps');
    for (const command of [
      CommandIDs.runNotebook,
      CommandIDs.runFrom,
      CommandIDs.runOnly,
      CommandIDs.cancelRun,
      CommandIDs.retryRun,
      CommandIDs.refresh
    ]) {
      palette?.addItem({ command, category });
    }
  }
};

type Args = ReadonlyPartialJSONObject;

/** What starts runs. `opens` says whether the view of a run opens when it starts. */
interface Starting {
  commands: CommandRegistry;
  mlops: IMLOps;
  opens: () => boolean;
}

/** The settings, once they are there. */
function loaded(registry: ISettingRegistry): { current: ISettingRegistry.ISettings | null } {
  const settings: { current: ISettingRegistry.ISettings | null } = { current: null };
  registry.load(runCommandsPlugin.id).then(
    found => (settings.current = found),
    reason => console.warn('jupyter-mlops: no settings', reason)
  );
  return settings;
}

function addStarting(starting: Starting): void {
  const { commands, mlops } = starting;
  const { trans, pipelines } = mlops;
  const current = (): PipelineModel | null => pipelines?.current ?? null;
  const isEnabled = (): boolean =>
    current() !== null && !current()?.isStarting && mlops.server.failure === null && !mlops.server.isOther;
  commands.addCommand(CommandIDs.runNotebook, {
    label: args => (args.toolbar ? '' : trans.__('Run as Pipeline')),
    caption: trans.__('Save this notebook and run it as a pipeline'),
    icon: args => (args.toolbar ? pipelineIcon : runIcon),
    isEnabled,
    execute: args => start(starting, args, {})
  });
  commands.addCommand(CommandIDs.runFrom, {
    label: trans.__('Run From This Step'),
    caption: trans.__('Run this step and all that needs it; what is before comes from the cache'),
    icon: runIcon,
    isEnabled: args => isEnabled() && stepOf(current(), args) !== null,
    execute: args => start(starting, args, { from_step: stepOf(current(), args) })
  });
  commands.addCommand(CommandIDs.runOnly, {
    label: trans.__('Run Only This Step'),
    caption: trans.__('Run this step with the values that earlier runs left'),
    icon: runIcon,
    isEnabled: args => isEnabled() && stepOf(current(), args) !== null,
    execute: args => start(starting, args, { only: stepOf(current(), args) })
  });
  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Analyse Notebook Again'),
    icon: refreshIcon,
    isEnabled: () => current() !== null,
    execute: () => askAgain(mlops)
  });
}

function addStopping(commands: CommandRegistry, mlops: IMLOps): void {
  const { trans, client } = mlops;
  commands.addCommand(CommandIDs.cancelRun, {
    label: trans.__('Stop Run'),
    caption: trans.__('Stop what runs; what is done is kept'),
    icon: stopIcon,
    isEnabled: args => refOf(mlops, args) !== null && !isOver(stateOf(mlops, args) ?? ''),
    execute: args => told(refOf(mlops, args), trans, ref => client.cancel(ref))
  });
  commands.addCommand(CommandIDs.retryRun, {
    label: trans.__('Retry Run'),
    caption: trans.__('Go on with this run; what succeeded is not run again'),
    icon: refreshIcon,
    isEnabled: args => refOf(mlops, args) !== null && ['failed', 'canceled', undefined].includes(stateOf(mlops, args)),
    execute: args => told(refOf(mlops, args), trans, ref => client.retry(ref, String(args.kernel ?? '')))
  });
  commands.addCommand(CommandIDs.deleteRun, {
    label: trans.__('Delete Run'),
    isEnabled: args => refOf(mlops, args) !== null,
    execute: async args => {
      const ref = refOf(mlops, args);
      const answer = await showDialog({
        title: trans.__('Delete this run?'),
        body: trans.__('Its logs, executed notebooks and artifacts go with it. This cannot be undone.'),
        buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })]
      });
      return answer.button.accept ? told(ref, trans, item => client.delete(item)) : false;
    }
  });
}

/** Save the current notebook and start it; gives the run's id, or null if it did not start. */
async function start(starting: Starting, args: Args, part: JSONObject): Promise<string | null> {
  const { commands, mlops, opens } = starting;
  const { trans, client } = mlops;
  const pipeline = mlops.pipelines?.current;
  if (!pipeline || pipeline.isStarting) {
    return null;
  }
  const { context } = pipeline.panel;
  try {
    if (!pipeline.isReady) {
      // Saving would put the empty notebook that is here in the place of the file.
      throw new Failure('not_read', trans.__('The notebook has not been read.'), trans.__('The panel says why.'));
    }
    if (context.model.dirty || !context.contentsModel?.path) {
      await context.save();
    }
    const { path, kernel, params, next } = pipeline;
    const { target, cache } = next;
    pipeline.isStarting = true;
    const run = await client.start({ path, kernel, params, target, cache, ...placeOf(mlops, pipeline), ...part });
    pipeline.follow(run);
    if ((args.view === true || opens()) && commands.hasCommand(CommandIDs.openRun)) {
      await commands.execute(CommandIDs.openRun, runArgs({ run, folder: path }));
    }
    return run;
  } catch (thrown) {
    tellFailure(thrown, trans.__('The run did not start.'), trans);
    return null;
  } finally {
    pipeline.isStarting = false;
  }
}

/** Where in a cluster the next run goes; nothing for a run that goes to no cluster. */
function placeOf({ targets }: IMLOps, { path, next }: PipelineModel): Partial<Place> {
  const name = next.target || targets.of(path, next).answer?.default || LOCAL;
  return name === LOCAL ? {} : { context: next.context, namespace: next.namespace };
}

/** Do something with a run; a failure is told in a notification. True if it was done. */
async function told(
  ref: RunRef | null,
  trans: TranslationBundle,
  work: (ref: RunRef) => Promise<void>
): Promise<boolean> {
  if (!ref) {
    return false;
  }
  try {
    await work(ref);
    return true;
  } catch (thrown) {
    tellFailure(thrown, '', trans);
    return false;
  }
}

function lastRun(mlops: IMLOps): PipelineModel['lastRun'] {
  return mlops.pipelines?.current?.lastRun ?? null;
}

/** The run that a command is about: the one of its arguments, else the current notebook's newest. */
function refOf(mlops: IMLOps, args: Args): RunRef | null {
  return refOfArgs(args) ?? lastRun(mlops)?.ref ?? null;
}

/** The state of the run that a command is about; undefined if only the server knows it. */
function stateOf(mlops: IMLOps, args: Args): string | undefined {
  const last = lastRun(mlops);
  const isLast = args.run === undefined || args.run === last?.ref.run;
  return typeof args.state === 'string' ? args.state : isLast ? last?.run?.state : undefined;
}

/** The step that a command is about: the one of its arguments, else that of the active cell. */
function stepOf(pipeline: PipelineModel | null, args: Args): string | null {
  const cell = pipeline?.panel.content.activeCell?.model.id;
  return typeof args.step === 'string' ? args.step : ((cell && pipeline?.placeOf(cell)?.step) ?? null);
}
