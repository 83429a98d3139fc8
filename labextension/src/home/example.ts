import { PathExt } from '@jupyterlab/coreutils';
import { Contents } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { JSONObject } from '@lumino/coreutils';

/** Make a small notebook of three steps in a folder; gives its path. It needs nothing but Python. */
export async function makeExample(
  contents: Contents.IManager,
  folder: string,
  trans: TranslationBundle
): Promise<string> {
  const made = await contents.newUntitled({ path: folder, type: 'notebook' });
  const cells = [
    markdown(trans.__('# A first pipeline\n\nEach heading below is a step. Press **Run as Pipeline** in the toolbar.')),
    code('number_of_points = 1000\nseed = 1', ['parameters']),
    markdown(trans.__('## Make data')),
    code(
      'import random\n\nrandom.seed(seed)\npoints = [(random.random(), random.random()) for _ in range(number_of_points)]'
    ),
    markdown(trans.__('## Estimate')),
    code('inside = sum(x * x + y * y <= 1 for x, y in points)\nestimate = 4 * inside / number_of_points\nestimate'),
    markdown(trans.__('## Report')),
    code("import math\n\nimport jupyter_mlops as mlops\n\nmlops.log_metric('error', abs(estimate - math.pi))")
  ];
  const metadata = { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } };
  await contents.save(made.path, {
    type: 'notebook',
    format: 'json',
    content: { cells, metadata, nbformat: 4, nbformat_minor: 5 }
  });
  // An example from before may have the name: then this one keeps the name that it was made with.
  const renamed = contents.rename(made.path, PathExt.join(folder, 'first_pipeline.ipynb'));
  return renamed.then(
    model => model.path,
    () => made.path
  );
}

function markdown(source: string): JSONObject {
  return { id: idOf(source), cell_type: 'markdown', metadata: {}, source };
}

function code(source: string, tags: string[] = []): JSONObject {
  const metadata: JSONObject = tags.length > 0 ? { tags } : {};
  return { id: idOf(source), cell_type: 'code', metadata, source, outputs: [], execution_count: null };
}

/** An id of a cell: letters of its text are enough, as no two cells here begin alike. */
function idOf(source: string): string {
  return (
    source
      .replace(/[^A-Za-z0-9]+/g, '-')
      .slice(0, 40)
      .replace(/^-|-$/g, '') || 'cell'
  );
}
