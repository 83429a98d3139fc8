/** Prints CPU times of the layout, a JSON object for each size: `npm run bench`. */
import { layOut } from '../../../src/graph/layout/layout';
import { placeLabels } from '../../../src/graph/labels';
import { boxesOf, cpuMilliseconds, pipelineEdges } from '../generated';

for (const count of [5, 20, 50, 500, 2000]) {
  const edges = pipelineEdges(count, 4);
  const flat = boxesOf(count);
  const framed = boxesOf(count, index => (Math.floor(index / 10) % 3 === 1 ? `g${Math.floor(index / 10)}` : ''));
  const layout = layOut(flat, edges);
  const figures = {
    steps: count,
    edges: edges.length,
    layout_ms: cpuMilliseconds(() => layOut(flat, edges)),
    layout_with_groups_ms: cpuMilliseconds(() => layOut(framed, edges)),
    labels_ms: cpuMilliseconds(() =>
      placeLabels(
        layout,
        edges.map(edge => edge.from),
        'down'
      )
    )
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
