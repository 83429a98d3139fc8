import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { makeExample } from '../home/example';
import { Home } from '../home/home';
import { HomeModel } from '../home/homeModel';
import { HomeTabs } from '../home/homeTabs';
import { Places } from '../home/places';
import { CommandIDs, IHomeTabs, IMLOps } from '../tokens';
import { pipelineIcon } from '../ui/icons';
import { activateView, placeView } from '../ui/place';
import { tellFailure } from '../ui/tellFailure';

/** All runs of a project in the main area: a place for tabs, and the commands that open it. */
export const homePlugin: JupyterFrontEndPlugin<IHomeTabs> = {
  id: 'jupyter-mlops:home',
  description: 'A view in the main area with tabs for what a project has.',
  autoStart: true,
  provides: IHomeTabs,
  requires: [IMLOps],
  optional: [INotebookTracker, IDefaultFileBrowser, ILayoutRestorer, ICommandPalette, ILauncher],
  activate: (
    app: JupyterFrontEnd,
    mlops: IMLOps,
    notebooks: INotebookTracker | null,
    browser: IDefaultFileBrowser | null,
    restorer: ILayoutRestorer | null,
    ...lists: [ICommandPalette | null, ILauncher | null]
  ): IHomeTabs => {
    const tabs = new HomeTabs();
    const places = new Places(app.serviceManager.contents, notebooks, browser);
    const tracker = new WidgetTracker<Home>({ namespace: 'jupyter-mlops-home' });
    addOpening(app, mlops, tracker, chosen => new HomeModel(tabs, places, chosen));
    addExample(app, mlops, places);
    void restorer?.restore(tracker, {
      command: CommandIDs.openHome,
      args: home => ({ folder: home.model.chosen, background: true }),
      name: () => 'home'
    });
    const [palette, launcher] = lists;
    palette?.addItem({ command: CommandIDs.openHome, category: mlops.trans.__('MLOps') });
    palette?.addItem({ command: CommandIDs.openExample, category: mlops.trans.__('MLOps') });
    launcher?.add({ command: CommandIDs.openHome, category: mlops.trans.__('MLOps'), rank: 0 });
    return tabs;
  }
};

function addOpening(
  app: JupyterFrontEnd,
  mlops: IMLOps,
  tracker: WidgetTracker<Home>,
  modelOf: (chosen: string | null) => HomeModel
): void {
  const { trans } = mlops;
  app.commands.addCommand(CommandIDs.openHome, {
    label: trans.__('MLOps Home'),
    caption: trans.__('All runs of a project: what runs, what failed, and a table to compare them'),
    icon: pipelineIcon,
    execute: async args => {
      const folder = typeof args.folder === 'string' ? args.folder : null;
      let home = tracker.currentWidget;
      if (!home || home.isDisposed) {
        home = new Home(modelOf(folder), mlops);
        await tracker.add(home);
        home.model.changed.connect(() => void (home && tracker.save(home)));
      } else if (folder !== null) {
        home.model.chosen = folder;
      }
      if (typeof args.tab === 'string') {
        home.model.open(args.tab);
      }
      placeView(app.shell, home);
      if (args.background !== true) {
        activateView(app.shell, home);
      }
    }
  });
}

function addExample(app: JupyterFrontEnd, mlops: IMLOps, places: Places): void {
  const { trans } = mlops;
  app.commands.addCommand(CommandIDs.openExample, {
    label: trans.__('Make an Example Notebook'),
    caption: trans.__('A small notebook of three steps, to run as a pipeline'),
    icon: pipelineIcon,
    execute: async () => {
      try {
        const path = await makeExample(app.serviceManager.contents, places.current, trans);
        await app.commands.execute('docmanager:open', { path });
      } catch (thrown) {
        tellFailure(thrown, trans.__('The example was not made.'), trans);
      }
    }
  });
}
