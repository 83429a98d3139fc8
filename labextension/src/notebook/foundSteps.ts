import { JSONObject } from '@lumino/coreutils';
import { Client } from '../api/client';
import { Analysis } from '../api/shapes';
import { contentOf } from '../model/notebookContent';
import { PipelineModel } from '../model/pipelineModel';
import { CellMetadata } from './metadata';
import { Edit } from './undoableEdit';

/** The steps that were found in a notebook, as an edit that writes them down. */
export interface FoundSteps {
  edit: Edit;
  /** What has no counterpart, in sentences. */
  notes: string[];
}

/**
 * Whether the first step that is set by hand would make the others disappear: steps found from headings, cells or
 * Kale's tags count only as long as no cell names a step.
 */
export function wouldVanish(analysis: Analysis | null): boolean {
  return analysis !== null && ['headings', 'cells', 'kale'].includes(analysis.origin) && analysis.steps.length > 0;
}

/** Ask the server what to write into the notebook as it is now. Rejects with a `Failure`. */
export async function foundSteps(pipeline: PipelineModel, client: Client): Promise<FoundSteps> {
  const model = pipeline.panel.content.model;
  const content: JSONObject = model ? contentOf(model) : {};
  const conversion = await client.convert(pipeline.path, content);
  const cells = new Map<string, CellMetadata>(conversion.cells.map(item => [item.id, item.metadata ?? undefined]));
  const notebook = conversion.metadata ? { value: conversion.metadata } : undefined;
  return { edit: { cells, notebook }, notes: conversion.notes };
}
