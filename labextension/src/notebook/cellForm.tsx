import { Cell } from '@jupyterlab/cells';
import { INotebookTracker } from '@jupyterlab/notebook';
import { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';
import * as React from 'react';
import { CellPlace } from '../api/shapes';
import { PipelineModel } from '../model/pipelineModel';
import { IMLOps } from '../tokens';
import { useSignal } from '../ui/signals';
import { changeCells } from './cellEdits';
import { roleWord } from './chipContent';
import { FieldSchema } from './fieldText';
import { FormField } from './FormField';
import { CellMetadata, KEY, ours, withOption, withPipelineSetting, withStep } from './metadata';
import { nameProblem } from './stepName';
import { UndoableEdits } from './undoableEdit';

/** What JupyterLab's metadata form gives to the field of a key such as `/jupyter_mlops/cpu`. */
export interface FieldGiven {
  name: string;
  schema: FieldSchema & { title?: string; description?: string };
}

const OF_PIPELINE = `/${KEY}/pipeline/`;
const OF_CELL = `/${KEY}/`;

/** What the form works with. */
export interface FormServices {
  tracker: INotebookTracker;
  mlops: IMLOps;
}

/** The field for one of our keys of the active cell, or of its notebook. */
export function CellFormField(props: { given: FieldGiven; services: FormServices }): React.ReactElement | null {
  const { given } = props;
  const { mlops, tracker } = props.services;
  const pipeline = mlops.pipelines?.current ?? null;
  useSignal(pipeline?.changed);
  const cell = tracker.activeCell;
  if (!pipeline || !cell?.model) {
    return null;
  }
  const { schema } = given;
  const ofPipeline = given.name.startsWith(OF_PIPELINE);
  const name = given.name.slice((ofPipeline ? OF_PIPELINE : OF_CELL).length);
  const common = {
    name,
    owner: ofPipeline ? pipeline.path : cell.model.id,
    schema,
    title: schema.title ?? name,
    description: schema.description ?? '',
    trans: mlops.trans
  };
  if (ofPipeline) {
    return <FormField {...common} {...pipelineField(pipeline, name)} />;
  }
  return <FormField {...common} {...cellField(pipeline, cell, name, mlops)} />;
}

type Field = Pick<React.ComponentProps<typeof FormField>, 'value' | 'found' | 'known' | 'check' | 'onChange'>;

function pipelineField(pipeline: PipelineModel, name: string): Field {
  const notebook = pipeline.panel.content;
  const metadata = ours((notebook.model?.sharedModel.metadata ?? {}) as PartialJSONObject);
  const settings = metadata?.pipeline as CellMetadata;
  return {
    value: settings?.[name],
    found: name === 'name' ? (pipeline.analysis?.name ?? '') : '',
    known: [],
    check: () => '',
    onChange: value => {
      UndoableEdits.of(notebook).apply({
        cells: new Map(),
        notebook: { value: withPipelineSetting(metadata, name, value) }
      });
    }
  };
}

function cellField(pipeline: PipelineModel, cell: Cell, name: string, mlops: IMLOps): Field {
  const place = pipeline.placeOf(cell.model.id);
  const steps = pipeline.analysis?.steps.map(step => step.name) ?? [];
  const metadata = ours(cell.model.metadata);
  const { id } = cell.model;
  return {
    value: metadata?.[name],
    found: foundFor(name, place, mlops),
    known: name === 'step' || name === 'after' ? steps : [],
    check: value => (name === 'step' && typeof value === 'string' ? nameProblem(value, mlops.trans) : ''),
    onChange: value => {
      const names = value !== undefined && (name === 'step' || value === 'step');
      void changeCells(pipeline, [id], old => changed(old, name, value, place), { ...mlops, names });
    }
  };
}

/** A step's name makes the cell one of that step; the role `step` needs a name, and takes the one that was found. */
export function changed(
  metadata: CellMetadata,
  name: string,
  value: PartialJSONValue | undefined,
  place: CellPlace | undefined
): CellMetadata {
  if (name === 'step' && typeof value === 'string') {
    return withStep(metadata, value);
  }
  const found = place?.step;
  if (name === 'role' && value === 'step' && typeof metadata?.step !== 'string' && found) {
    return withStep(metadata, found);
  }
  return withOption(metadata, name, value);
}

function foundFor(name: string, place: CellPlace | undefined, { trans }: IMLOps): string {
  if (!place) {
    return '';
  }
  return name === 'role' ? roleWord(place.role, trans) : name === 'step' ? (place.step ?? '') : '';
}
