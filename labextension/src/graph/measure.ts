/** Estimates of text widths, on the wide side, so that drawing needs no measuring in a browser. */

const NARROW = /[ijl.,:;'|!()[\]tfrI \-/]/;
const WIDE = /[mwMW@%]/;

/** The width of a text in a proportional font of a size, in pixels. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const char of text) {
    if (NARROW.test(char)) {
      width += 0.36;
    } else if (WIDE.test(char)) {
      width += 0.92;
    } else if (char > '\u2fff') {
      width += 1.05;
    } else {
      width += /[A-Z_\d]/.test(char) ? 0.67 : 0.585;
    }
  }
  return width * size;
}

/** The width of a text in a font whose characters are all as wide. */
export function monoWidth(text: string, size: number): number {
  return [...text].length * size * 0.61;
}

/** The text on one line, or the beginning of it that fits, with an ellipsis. */
export function fitting(text: string, size: number, width: number): string {
  const line = oneLine(text);
  if (textWidth(line, size) <= width) {
    return line;
  }
  const chars = [...line];
  let [low, high] = [0, chars.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (textWidth(`${chars.slice(0, middle).join('')}…`, size) <= width) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return `${chars.slice(0, low).join('').trimEnd()}…`;
}

/** Text without line breaks and control characters. */
export function oneLine(text: string): string {
  // eslint's no-control-regex would have a class written by number; the property says the same.
  return text.replace(/\s+/g, ' ').replace(/\p{Cc}/gu, '');
}
