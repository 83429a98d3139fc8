import { LabIcon } from '@jupyterlab/ui-components';
import pipelineSvg from '../../style/icons/pipeline.svg';

/** Icons of this extension. Built-in ones would look like those of other extensions. */
export const pipelineIcon = new LabIcon({ name: 'jupyter-mlops:pipeline', svgstr: pipelineSvg });
