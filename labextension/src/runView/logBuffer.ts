import { AnsiStyle, overwritten, parseAnsi, PLAIN } from './ansi';

/** Bytes and text of a log's part, as the server gives it. */
export interface Piece {
  text: string;
  start: number;
  end: number;
  size: number;
}

/** What is kept at most: beyond it the far end is let go, and loaded again when it is looked at. */
const MOST_BYTES = 3_000_000;
const MOST_LINES = 60_000;

/** A line that is longer is shown by its beginning: a browser lays out no line of a megabyte. */
export const LONGEST_LINE = 20_000;

interface Chunk {
  start: number;
  end: number;
  lines: string[];
  /** Look with which each line begins. */
  openings: AnsiStyle[];
  /** Whether the last line ended in this chunk. */
  closed: boolean;
}

/**
 * A window of a log: consecutive bytes of it as lines. Pieces join at either end. A log of any size is looked at through
 * it, for it lets go what is far from where the last piece came.
 */
export class LogBuffer {
  constructor(
    private _mostBytes = MOST_BYTES,
    private _mostLines = MOST_LINES
  ) {}

  /** First byte that is here. */
  get start(): number {
    return this._chunks[0]?.start ?? 0;
  }

  /** Byte after the last that is here. */
  get end(): number {
    return this._chunks[this._chunks.length - 1]?.end ?? 0;
  }

  /** Bytes of the whole log, as last heard. */
  get size(): number {
    return this._size;
  }

  get lines(): readonly string[] {
    return this._lines;
  }

  /** The look with which a line begins. */
  opening(index: number): AnsiStyle {
    return this._openings[index] ?? PLAIN;
  }

  /** Begin anew with a piece of anywhere in the log. */
  reset(piece: Piece): void {
    this._size = piece.size;
    this._chunks = piece.text ? [chunkOf(piece, PLAIN)] : [];
    this._join();
  }

  /** Take the piece that begins where this ends. Gives how many lines went away at the beginning. */
  append(piece: Piece): number {
    this._size = Math.max(piece.size, piece.end);
    if (!piece.text || piece.start !== this.end) {
      return 0;
    }
    const last = this._chunks[this._chunks.length - 1];
    const style = last ? closingOf(last) : PLAIN;
    this._chunks.push(chunkOf(piece, style));
    const gone = this._trim(() => this._chunks.shift());
    this._join();
    return gone;
  }

  /** Take the piece that ends where this begins. Gives how many lines came before those that were here. */
  prepend(piece: Piece): number {
    this._size = piece.size;
    if (!piece.text || piece.end !== this.start) {
      return 0;
    }
    const before = this._lines.length;
    this._chunks.unshift(chunkOf(piece, PLAIN));
    this._join();
    const came = this._lines.length - before;
    this._trim(() => this._chunks.pop());
    this._join();
    return came;
  }

  /** Let chunks go while there is too much, and count their lines; one always stays. */
  private _trim(drop: () => Chunk | undefined): number {
    let gone = 0;
    const count = (): number => this._chunks.reduce((sum, chunk) => sum + chunk.lines.length, 0);
    while (this._chunks.length > 1 && (this.end - this.start > this._mostBytes || count() > this._mostLines)) {
      const dropped = drop();
      gone += dropped ? dropped.lines.length - (dropped.closed ? 0 : 1) : 0;
    }
    return gone;
  }

  /** One list of lines; a line that two chunks share is put together. */
  private _join(): void {
    const lines: string[] = [];
    const openings: AnsiStyle[] = [];
    let open = false;
    for (const chunk of this._chunks) {
      let from = 0;
      if (open && chunk.lines.length > 0) {
        lines[lines.length - 1] += chunk.lines[0];
        from = 1;
      }
      for (let index = from; index < chunk.lines.length; index += 1) {
        lines.push(chunk.lines[index]);
        openings.push(chunk.openings[index]);
      }
      open = !chunk.closed;
    }
    this._lines = lines;
    this._openings = openings;
  }

  private _chunks: Chunk[] = [];
  private _lines: string[] = [];
  private _openings: AnsiStyle[] = [];
  private _size = 0;
}

/** A line as it is shown: what carriage returns left of it, and not more than a browser can lay out. */
export function shownLine(line: string): string {
  const left = overwritten(line);
  return left.length > LONGEST_LINE ? `${left.slice(0, LONGEST_LINE)}…` : left;
}

function chunkOf(piece: Piece, opening: AnsiStyle): Chunk {
  const lines = piece.text.split('\n');
  const closed = lines[lines.length - 1] === '';
  if (closed) {
    lines.pop();
  }
  const openings: AnsiStyle[] = [];
  let style = opening;
  for (const line of lines) {
    openings.push(style);
    style = line.includes('\u001b') ? parseAnsi(line, style).closing : style;
  }
  return { start: piece.start, end: piece.end, lines, openings, closed };
}

function closingOf(chunk: Chunk): AnsiStyle {
  const last = chunk.lines.length - 1;
  return last < 0 ? PLAIN : parseAnsi(chunk.lines[last], chunk.openings[last]).closing;
}
