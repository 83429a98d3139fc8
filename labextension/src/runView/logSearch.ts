import { AnsiSpan, plainText } from './ansi';
import { shownLine } from './logBuffer';

/** A place where the text that is searched stands: the line, and the character in it. */
export interface Match {
  line: number;
  from: number;
}

const MOST_MATCHES = 10_000;

/** All places of a text in lines, whatever its case; at most ten thousand. */
export function findAll(lines: readonly string[], query: string): Match[] {
  const wanted = query.toLowerCase();
  const found: Match[] = [];
  if (!wanted) {
    return found;
  }
  for (let line = 0; line < lines.length && found.length < MOST_MATCHES; line += 1) {
    const raw = lines[line];
    const text = (raw.includes('\u001b') || raw.includes('\r') ? plainText(shownLine(raw)) : raw).toLowerCase();
    for (let from = text.indexOf(wanted); from >= 0; from = text.indexOf(wanted, from + wanted.length)) {
      found.push({ line, from });
    }
  }
  return found.slice(0, MOST_MATCHES);
}

/** The match to go to: the first at or after a line, or the last before it; -1 where there is none on that side. */
export function matchFrom(matches: readonly Match[], line: number, forward: boolean): number {
  if (forward) {
    return matches.findIndex(match => match.line >= line);
  }
  for (let index = matches.length - 1; index >= 0; index -= 1) {
    if (matches[index].line < line) {
      return index;
    }
  }
  return -1;
}

/** A piece of a line that is, or is not, a match; `index` is the match's place among those of the line. */
export interface MarkedSpan extends AnsiSpan {
  index: number | null;
}

/** Spans cut where matches begin and end. */
export function markedSpans(spans: readonly AnsiSpan[], froms: readonly number[], length: number): MarkedSpan[] {
  const marked: MarkedSpan[] = [];
  let at = 0;
  for (const span of spans) {
    let rest = span.text;
    while (rest) {
      const inside = froms.findIndex(from => at >= from && at < from + length);
      const bound = inside >= 0 ? froms[inside] + length : froms.find(from => from > at);
      const text = bound === undefined ? rest : rest.slice(0, bound - at);
      marked.push({ text, style: span.style, index: inside >= 0 ? inside : null });
      at += text.length;
      rest = rest.slice(text.length);
    }
  }
  return marked;
}
