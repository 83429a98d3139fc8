import type { Link } from './geometry';

/** What can stand in a frame. */
interface Member {
  readonly name: string;
  readonly group?: string;
}

/**
 * The groups that can be drawn as one frame, in the order of their first members.
 *
 * A group that an outer step both needs and feeds cannot: its steps stand among the others.
 */
export function framedGroups(members: readonly Member[], edges: readonly Link[]): Set<string> {
  const group = new Map(members.map(member => [member.name, member.group ?? '']));
  const framed = new Set([...group.values()].filter(name => name !== ''));
  for (const name of [...framed]) {
    if (leavesAndReturns(name, edges, group, framed)) {
      framed.delete(name);
    }
  }
  return framed;
}

function leavesAndReturns(
  start: string,
  edges: readonly Link[],
  group: ReadonlyMap<string, string>,
  framed: ReadonlySet<string>
): boolean {
  const vertex = (name: string): string => (framed.has(group.get(name) ?? '') ? `\0${group.get(name)}` : name);
  const below = new Map<string, string[]>();
  for (const edge of edges) {
    const [from, to] = [vertex(edge.from), vertex(edge.to)];
    if (from !== to) {
      const targets = below.get(from);
      if (targets) {
        targets.push(to);
      } else {
        below.set(from, [to]);
      }
    }
  }
  const seen = new Set<string>();
  const left = [...(below.get(`\0${start}`) ?? [])];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next === `\0${start}`) {
      return true;
    }
    if (!seen.has(next)) {
      seen.add(next);
      left.push(...(below.get(next) ?? []));
    }
  }
  return false;
}
