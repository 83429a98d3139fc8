import { type GraphData, type GraphEdge, type GraphNode, titleOf } from './model';
import { look, progress } from './states';

/** Puts a text into the reader's language, with `%1`, `%2` replaced by the arguments. */
export type Translate = (text: string, ...args: string[]) => string;

const LONGEST_LABEL = 22;

/** The text itself: for screens without translations. */
export const untranslated: Translate = (text, ...args) =>
  text.replace(/%(\d)/g, (mark: string, number: string) => args[Number(number) - 1] ?? mark);

/** The word of a state, in the reader's language. */
export function stateWord(state: string, trans: Translate): string {
  // Written out, so that tools that collect texts find each.
  switch (state) {
    case 'pending':
      return trans('pending');
    case 'running':
      return trans('running');
    case 'cached':
      return trans('cached');
    case 'skipped':
      return trans('skipped');
    case 'succeeded':
      return trans('succeeded');
    case 'failed':
      return trans('failed');
    case 'canceled':
      return trans('canceled');
    default:
      return state;
  }
}

/** The second line of a card: the state in words, how far it is, and what the caller says. */
export function statusLine(node: GraphNode, trans: Translate): string {
  const word = stateWord(node.state, trans);
  const said = startsWithState(node) ? node.subtitle.slice(node.state.length).replace(/^,\s*/, '') : node.subtitle;
  const counted = node.items ? countedLine(node, trans) : '';
  return [word, said || counted].filter(part => part !== '').join(', ') || purpose(node, trans);
}

/** What a step is, where there is nothing else to say. */
function purpose(node: GraphNode, trans: Translate): string {
  if (node.loop) {
    return trans('for %1', node.loop);
  }
  if (node.when) {
    return trans('when %1', node.when);
  }
  return node.exit ? trans('at the end') : '';
}

function startsWithState(node: GraphNode): boolean {
  return node.state !== '' && (node.subtitle === node.state || node.subtitle.startsWith(`${node.state},`));
}

function countedLine(node: GraphNode, trans: Translate): string {
  const { done, all } = progress(node.items ?? {});
  if (node.kind !== 'group') {
    return all ? trans('%1 of %2 items', String(done), String(all)) : '';
  }
  const steps = node.details.split('\n').length;
  return all ? trans('%1 of %2 steps', String(done), String(all)) : stepsLine(steps, trans);
}

/** `1 step`, `5 steps`. */
export function stepsLine(count: number, trans: Translate): string {
  return count === 1 ? trans('1 step') : trans('%1 steps', String(count));
}

/** What a screen reader says of a step: `train, running, 2 of 6 items`. */
export function spoken(node: GraphNode, trans: Translate): string {
  const group = node.kind === 'group' ? trans('collapsed group') : '';
  return [titleOf(node), group, statusLine(node, trans), badgeLine(node, trans)].filter(part => part !== '').join(', ');
}

function badgeLine(node: GraphNode, trans: Translate): string {
  switch (node.badge?.severity) {
    case 'error':
      return trans('errors: %1', node.badge.text);
    case 'warning':
      return trans('warnings: %1', node.badge.text);
    case 'info':
      return trans('notes: %1', node.badge.text);
    default:
      return '';
  }
}

/** As many names as fit on an edge, and how many were left out: `X_train, y +2`. */
export function shortNames(names: readonly string[], longest = LONGEST_LABEL): string {
  let shown = '';
  for (let index = 0; index < names.length; index++) {
    const longer = shown ? `${shown}, ${names[index]}` : names[index];
    if (longer.length > longest) {
      const cut = `${names[index].slice(0, longest - 1)}…`;
      const rest = names.length - (shown ? index : index + 1);
      return rest ? `${shown || cut} +${rest}` : cut;
    }
    shown = longer;
  }
  return shown;
}

/** What an edge carries, a line each: types and sizes where they are known. */
export function edgeLines(edge: GraphEdge, trans: Translate): string[] {
  const lines = (edge.details ?? '').split('\n').filter(line => line.trim() !== '');
  if (lines.length) {
    return lines;
  }
  return edge.names.length ? [...edge.names] : [trans('order only, nothing flows')];
}

/** What the whole graph is called for a screen reader. */
export function graphLabel(data: GraphData, trans: Translate): string {
  return trans('%1: %2. Arrow keys move along the graph', data.name, stepsLine(data.nodes.length, trans));
}

/** What to announce of changed states; very many changes are only counted. */
export function announcement(before: GraphData, now: GraphData, trans: Translate): string {
  const states = new Map(before.nodes.map(node => [node.name, node.state]));
  const changed = now.nodes.filter(
    node => node.state !== '' && states.has(node.name) && states.get(node.name) !== node.state
  );
  if (changed.length > 3) {
    const failed = changed.filter(node => node.state === 'failed').map(titleOf);
    const counted = trans('%1 steps changed', String(changed.length));
    return failed.length ? `${counted}; ${look('failed').word}: ${failed.slice(0, 3).join(', ')}` : counted;
  }
  return changed.map(node => spoken(node, trans)).join('; ');
}
