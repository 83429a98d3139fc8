/** How a piece of terminal text looks. Colours are 0 to 15, or `rgb(r, g, b)` for all others; null is the default. */
export interface AnsiStyle {
  readonly ink: number | string | null;
  readonly ground: number | string | null;
  readonly bold: boolean;
  readonly faint: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
}

/** A piece of a line with one look. */
export interface AnsiSpan {
  readonly text: string;
  readonly style: AnsiStyle;
}

export const PLAIN: AnsiStyle = {
  ink: null,
  ground: null,
  bold: false,
  faint: false,
  italic: false,
  underline: false,
  inverse: false
};

/** Terminal sequences: colours and other CSI, titles and links (OSC), then the rest; control characters but tab. */
const ESCAPE = new RegExp(
  [
    '\\u001b\\[([0-9;:]*)m',
    '\\u001b\\[[0-?]*[ -/]*[@-~]',
    '\\u001b[\\]P^_X][^\\u0007\\u001b\\n]*(?:\\u0007|\\u001b\\\\)?',
    '\\u001b[ -/]*[0-~]?',
    '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]'
  ].join('|'),
  'g'
);

/** A line's pieces, and the look that the next line begins with. Only colours are obeyed; all else is left out. */
export function parseAnsi(line: string, opening: AnsiStyle = PLAIN): { spans: AnsiSpan[]; closing: AnsiStyle } {
  const spans: AnsiSpan[] = [];
  let style = opening;
  let from = 0;
  const push = (to: number): void => {
    if (to > from) {
      const last = spans[spans.length - 1];
      const text = line.slice(from, to);
      if (last && last.style === style) {
        spans[spans.length - 1] = { text: last.text + text, style };
      } else {
        spans.push({ text, style });
      }
    }
  };
  for (const match of line.matchAll(ESCAPE)) {
    push(match.index ?? 0);
    from = (match.index ?? 0) + match[0].length;
    if (match[1] !== undefined) {
      style = styled(style, match[1]);
    }
  }
  push(line.length);
  return { spans, closing: style };
}

/** A line without its terminal sequences. */
export function plainText(line: string): string {
  return line.replace(ESCAPE, '');
}

/** What is left on a terminal's line after its carriage returns: a progress bar shows its last state. */
export function overwritten(line: string): string {
  const whole = line.replace(/\r+$/, '');
  const last = whole.lastIndexOf('\r');
  return last < 0 ? whole : whole.slice(last + 1);
}

const FLAGS: { [code: number]: Partial<AnsiStyle> } = {
  1: { bold: true },
  2: { faint: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  22: { bold: false, faint: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  39: { ink: null },
  49: { ground: null }
};

function styled(style: AnsiStyle, sequence: string): AnsiStyle {
  const codes = sequence.split(/[;:]/).map(code => Number(code || 0));
  let next = style;
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index];
    if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(index + 1));
      next = { ...next, [code === 38 ? 'ink' : 'ground']: colour };
      index += used;
    } else {
      next = code === 0 ? PLAIN : { ...next, ...(FLAGS[code] ?? basic(code)) };
    }
  }
  return next;
}

function basic(code: number): Partial<AnsiStyle> {
  const within = (first: number): boolean => code >= first && code < first + 8;
  return within(30)
    ? { ink: code - 30 }
    : within(90)
      ? { ink: code - 82 }
      : within(40)
        ? { ground: code - 40 }
        : within(100)
          ? { ground: code - 92 }
          : {};
}

/** A colour of 256 or of all, and how many codes it took. */
function extended(codes: number[]): [number | string | null, number] {
  if (codes[0] === 5) {
    return [indexed(codes[1] ?? 0), 2];
  }
  if (codes[0] === 2) {
    return [rgb(codes[1] ?? 0, codes[2] ?? 0, codes[3] ?? 0), 4];
  }
  return [null, 1];
}

function indexed(index: number): number | string {
  if (index < 16) {
    return index;
  }
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return rgb(grey, grey, grey);
  }
  const level = (value: number): number => (value === 0 ? 0 : 55 + value * 40);
  const rest = index - 16;
  return rgb(level(Math.floor(rest / 36)), level(Math.floor(rest / 6) % 6), level(rest % 6));
}

function rgb(...parts: number[]): string {
  return `rgb(${parts.map(part => Math.min(255, Math.max(0, part))).join(', ')})`;
}
