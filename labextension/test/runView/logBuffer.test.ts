import { expect, test } from 'vitest';
import { LogBuffer, LONGEST_LINE, Piece, shownLine } from '../../src/runView/logBuffer';

/** A piece of a log of ASCII text, so that characters are bytes. */
function pieceOf(log: string, start: number, end: number): Piece {
  return { text: log.slice(start, end), start, end: Math.min(end, log.length), size: log.length };
}

const LOG = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n') + '\n';

test('pieces that are cut anywhere give the lines of the log', () => {
  for (const cut of [1, 7, 50, 333]) {
    const buffer = new LogBuffer();
    buffer.reset(pieceOf(LOG, 0, cut));
    while (buffer.end < LOG.length) {
      buffer.append(pieceOf(LOG, buffer.end, buffer.end + cut));
    }
    expect(buffer.lines.join('\n') + '\n').toBe(LOG);
  }
});

test('pieces before join the line that they share', () => {
  const buffer = new LogBuffer();
  const middle = LOG.indexOf('e 50');
  buffer.reset(pieceOf(LOG, middle, LOG.length));
  expect(buffer.lines[0]).toBe('e 50');
  const came = buffer.prepend(pieceOf(LOG, 0, middle));
  expect(came).toBe(50);
  expect(buffer.lines[50]).toBe('line 50');
  expect(buffer.lines).toHaveLength(100);
});

test('a piece that does not fit is not taken', () => {
  const buffer = new LogBuffer();
  buffer.reset(pieceOf(LOG, 0, 100));
  buffer.append(pieceOf(LOG, 200, 300));
  expect([buffer.start, buffer.end]).toEqual([0, 100]);
});

test('the size grows with the log while what is here stays', () => {
  const buffer = new LogBuffer();
  buffer.reset({ text: 'a\n', start: 0, end: 2, size: 2 });
  buffer.append({ text: '', start: 2, end: 2, size: 2 });
  expect(buffer.lines).toEqual(['a']);
  buffer.append({ text: 'b', start: 2, end: 3, size: 9 });
  expect([buffer.lines.length, buffer.size]).toEqual([2, 9]);
});

test('what is far from the last piece is let go', () => {
  const buffer = new LogBuffer(300, 1000);
  buffer.reset(pieceOf(LOG, 0, 200));
  const gone = buffer.append(pieceOf(LOG, 200, 400));
  expect(buffer.start).toBe(200);
  expect(gone).toBeGreaterThan(20);
  buffer.prepend(pieceOf(LOG, 0, 200));
  expect([buffer.start, buffer.end]).toEqual([0, 200]);
});

test('lines are counted too, for empty ones have almost no bytes', () => {
  const buffer = new LogBuffer(1e6, 50);
  buffer.reset({ text: '\n'.repeat(40), start: 0, end: 40, size: 80 });
  buffer.append({ text: '\n'.repeat(40), start: 40, end: 80, size: 80 });
  expect(buffer.lines).toHaveLength(40);
});

test('a colour goes on over lines and pieces', () => {
  const log = '\u001b[31mred\nstill\nred\u001b[0m\nplain\n';
  const buffer = new LogBuffer();
  buffer.reset(pieceOf(log, 0, 12));
  buffer.append(pieceOf(log, 12, log.length));
  expect([0, 1, 2, 3].map(index => buffer.opening(index).ink)).toEqual([null, 1, 1, null]);
});

test('an empty log has no lines', () => {
  const buffer = new LogBuffer();
  buffer.reset({ text: '', start: 0, end: 0, size: 0 });
  expect(buffer.lines).toEqual([]);
});

test('a line of a megabyte is shown by its beginning', () => {
  expect(shownLine('x'.repeat(1e6))).toHaveLength(LONGEST_LINE + 1);
  expect(shownLine('50%\r100%')).toBe('100%');
});
