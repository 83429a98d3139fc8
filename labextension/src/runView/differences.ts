import { JSONValue } from '@lumino/coreutils';

/** A name with its value in two runs, and, of numbers, what was added. */
export interface Difference {
  name: string;
  first: JSONValue;
  second: JSONValue;
  /** Second less first; null if one is no number. */
  delta: number | null;
  same: boolean;
}

/**
 * Every name of two runs with both values, what differs first: numbers by how much they changed, the most before, then
 * the others by name; then what is the same.
 */
export function differencesOf(
  first: { readonly [name: string]: JSONValue },
  second: { readonly [name: string]: JSONValue }
): Difference[] {
  const names = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  const found = names.map(name => difference(name, first[name] ?? null, second[name] ?? null));
  return found.sort(
    (one, other) =>
      Number(one.same) - Number(other.same) ||
      weight(other) - weight(one) ||
      (one.name < other.name ? -1 : one.name > other.name ? 1 : 0)
  );
}

function difference(name: string, first: JSONValue, second: JSONValue): Difference {
  const numbers = typeof first === 'number' && typeof second === 'number';
  return {
    name,
    first,
    second,
    delta: numbers ? second - first : null,
    same: JSON.stringify(first) === JSON.stringify(second)
  };
}

/** How far apart two numbers are, against their own size; 0 for what is no number. */
function weight({ delta, first, second }: Difference): number {
  if (delta === null || delta === 0) {
    return 0;
  }
  return Math.abs(delta) / Math.max(Math.abs(Number(first)), Math.abs(Number(second)), Number.MIN_VALUE);
}

/** A change of a number for people, with its sign: `+0.031 (+4.2%)`. */
export function deltaText({ delta, first }: Difference): string {
  if (delta === null || delta === 0) {
    return '';
  }
  const sign = delta > 0 ? '+' : '−';
  const size = String(Number(Math.abs(delta).toPrecision(3)));
  const share = Math.abs(delta / Number(first)) * 100;
  return Number.isFinite(share) && share < 1000
    ? `${sign}${size} (${sign}${Number(share.toPrecision(2))}%)`
    : sign + size;
}

/** A line of a unified diff. */
export interface DiffLine {
  kind: 'added' | 'removed' | 'same' | 'place';
  text: string;
  /** Line numbers in the two sources; null where it is not. */
  first: number | null;
  second: number | null;
}

/** The lines of a unified diff without the names of the files. */
export function diffLines(diff: string): DiffLine[] {
  const lines: DiffLine[] = [];
  let [first, second] = [0, 0];
  let inside = false;
  for (const line of diff.split('\n')) {
    const place = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line);
    if (place) {
      inside = true;
      [first, second] = [Number(place[1]), Number(place[2])];
      lines.push({ kind: 'place', text: line, first: null, second: null });
    } else if (inside && line.startsWith('+')) {
      lines.push({ kind: 'added', text: line.slice(1), first: null, second: second++ });
    } else if (inside && line.startsWith('-')) {
      lines.push({ kind: 'removed', text: line.slice(1), first: first++, second: null });
    } else if (inside && line.startsWith(' ')) {
      lines.push({ kind: 'same', text: line.slice(1), first: first++, second: second++ });
    }
  }
  return lines;
}
