import { LabIcon } from '@jupyterlab/ui-components';
import { pipelineIcon } from '../ui/icons';

/** What is drawn in a circle for each state. */
const SIGNS: { [state: string]: string } = {
  pending: '',
  running: '<path d="M6.5 5v6l5-3z"/>',
  succeeded: '<path d="M4.6 8.2l2.3 2.4 4.6-5" fill="none" stroke-width="1.7"/>',
  failed: '<path d="M5.4 5.4l5.2 5.2m0-5.2l-5.2 5.2" fill="none" stroke-width="1.7"/>',
  canceled: '<path d="M5.5 5.5h5v5h-5z"/>'
};

const icons = new Map<string, LabIcon>();

/** The icon of a run's state, for the tab of its view. */
export function stateLabIcon(state: string): LabIcon {
  const sign = SIGNS[state];
  if (sign === undefined) {
    return pipelineIcon.bindprops({ stylesheet: 'mainAreaTab' });
  }
  const made =
    icons.get(state) ??
    new LabIcon({
      name: `jupyter-mlops:state-${state}`,
      svgstr:
        '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">' +
        `<g class="jp-mlops-StateSign jp-mlops-mod-${state}" stroke-width="1.3">` +
        `<circle cx="8" cy="8" r="6.4" fill="none"/>${sign}</g></svg>`
    });
  icons.set(state, made);
  return made.bindprops({ stylesheet: 'mainAreaTab' });
}
