import { IOutputModel } from '@jupyterlab/rendermime';
import { JSONObject } from '@lumino/coreutils';

/** An output as it is in a notebook's JSON. */
export type Output = IOutputModel.IOptions['value'];

/** A cell of an executed notebook, as far as it is shown. */
export interface Cell {
  id: string;
  type: string;
  source: string;
  outputs: Output[];
  count: number | null;
}

/** The cells of a notebook's JSON; what is not as it should be is left out. */
export function cellsOf(notebook: JSONObject): Cell[] {
  const cells = Array.isArray(notebook.cells) ? notebook.cells : [];
  return cells.filter(isObject).map((cell, index) => ({
    id: typeof cell.id === 'string' ? cell.id : `cell ${index}`,
    type: String(cell.cell_type),
    source: textOf(cell.source),
    outputs: Array.isArray(cell.outputs) ? (cell.outputs.filter(isObject) as Output[]) : [],
    count: typeof cell.execution_count === 'number' ? cell.execution_count : null
  }));
}

function textOf(source: unknown): string {
  return Array.isArray(source) ? source.join('') : typeof source === 'string' ? source : '';
}

function isObject(value: unknown): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
