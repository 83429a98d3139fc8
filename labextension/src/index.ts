import { cellFormPlugin } from './plugins/cellForm';
import { chipsPlugin } from './plugins/chips';
import { corePlugin } from './plugins/core';
import { homePlugin } from './plugins/home';
import { homeRunsPlugin } from './plugins/homeRuns';
import { homeStatusPlugin } from './plugins/homeStatus';
import { homeTargetsPlugin } from './plugins/homeTargets';
import { notebookPlugin } from './plugins/notebook';
import { panelPlugin } from './plugins/panel';
import { runCommandsPlugin } from './plugins/runCommands';
import { runViewPlugin } from './plugins/runView';

export * from './tokens';

export default [
  corePlugin,
  runCommandsPlugin,
  panelPlugin,
  notebookPlugin,
  chipsPlugin,
  cellFormPlugin,
  runViewPlugin,
  homePlugin,
  homeRunsPlugin,
  homeTargetsPlugin,
  homeStatusPlugin
];
