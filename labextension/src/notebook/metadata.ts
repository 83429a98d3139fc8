import { JSONObject, PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';
import { Role } from '../api/shapes';

/** The key of what we write into the metadata of cells and notebooks. */
export const KEY = 'jupyter_mlops';

/** What our key has in a cell; undefined: the cell has no such key. */
export type CellMetadata = PartialJSONObject | undefined;

/** Our part of a cell's metadata; something else under our key counts as nothing. */
export function ours(metadata: PartialJSONObject): CellMetadata {
  const value = metadata[KEY];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

/** With a role other than `step`, or, for null, as if no role and no step had ever been set. Options stay. */
export function withRole(metadata: CellMetadata, role: Exclude<Role, 'step'> | null): CellMetadata {
  const { role: _role, step: _step, title: _title, ...others } = metadata ?? {};
  return filled(role === null ? others : { role, ...others });
}

/** In a step. A title belongs to the step that the cell was in. */
export function withStep(metadata: CellMetadata, step: string): CellMetadata {
  const { role: _role, step: old, title, ...others } = metadata ?? {};
  return { role: 'step', step, ...(title !== undefined && old === step ? { title } : {}), ...others };
}

/** With one option set; undefined removes it. */
export function withOption(metadata: CellMetadata, name: string, value: PartialJSONValue | undefined): CellMetadata {
  const { [name]: _, ...others } = metadata ?? {};
  return filled(value === undefined ? others : { ...(metadata ?? {}), [name]: value });
}

/** The notebook's own part, with a setting of its pipeline; undefined removes it. */
export function withPipelineSetting(
  metadata: CellMetadata,
  name: string,
  value: PartialJSONValue | undefined
): CellMetadata {
  const pipeline = (metadata?.pipeline ?? undefined) as CellMetadata;
  return withOption(metadata, 'pipeline', withOption(pipeline, name, value) as JSONObject | undefined);
}

function filled(metadata: PartialJSONObject): CellMetadata {
  return Object.keys(metadata).length > 0 ? metadata : undefined;
}
