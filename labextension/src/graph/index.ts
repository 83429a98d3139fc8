export { mountGraph } from './mount';
export type { GraphOptions, MountedGraph } from './options';
export type { Badge, Counts, GraphData, GraphEdge, GraphNode, Severity } from './model';
export type { Orientation } from './layout/geometry';
export type { View } from './toolbar';
export type { Translate } from './words';
export { countStates, look, stateOf } from './states';
export { shortNames, stateWord, statusLine, untranslated } from './words';
