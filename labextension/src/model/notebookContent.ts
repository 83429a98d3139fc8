import { INotebookModel } from '@jupyterlab/notebook';
import { JSONObject } from '@lumino/coreutils';

/** A notebook's JSON as it is in the browser now, without outputs: they say nothing about the pipeline. */
export function contentOf(model: INotebookModel): JSONObject {
  const cells: JSONObject[] = [];
  for (const cell of model.cells) {
    const shared = cell.sharedModel;
    const content: JSONObject = {
      id: shared.getId(),
      cell_type: shared.cell_type,
      metadata: shared.getMetadata() as JSONObject,
      source: shared.getSource()
    };
    cells.push(shared.cell_type === 'code' ? { ...content, outputs: [], execution_count: null } : content);
  }
  const metadata = model.sharedModel.metadata as JSONObject;
  return { cells, metadata, nbformat: 4, nbformat_minor: 5 };
}
