import { expect, test } from 'vitest';
import { overwritten, parseAnsi, plainText, PLAIN } from '../../src/runView/ansi';

const ESC = '\u001b';
const texts = (line: string): string[] => parseAnsi(line).spans.map(span => span.text);

test('a plain line is one plain span', () => {
  expect(parseAnsi('hello')).toEqual({ spans: [{ text: 'hello', style: PLAIN }], closing: PLAIN });
  expect(parseAnsi('').spans).toEqual([]);
});

test.each([
  ['31', { ink: 1 }],
  ['92', { ink: 10 }],
  ['44', { ground: 4 }],
  ['107', { ground: 15 }],
  ['1;33', { bold: true, ink: 3 }],
  ['38;5;9', { ink: 9 }],
  ['38;5;196', { ink: 'rgb(255, 0, 0)' }],
  ['48;5;232', { ground: 'rgb(8, 8, 8)' }],
  ['38;2;1;2;300', { ink: 'rgb(1, 2, 255)' }],
  ['4;7', { underline: true, inverse: true }]
])('the sequence %s sets a look', (codes, look) => {
  expect(parseAnsi(`${ESC}[${codes}mx`).spans).toEqual([{ text: 'x', style: { ...PLAIN, ...look } }]);
});

test('a look ends with 0, with nothing, and with its own end', () => {
  expect(parseAnsi(`${ESC}[1;31ma${ESC}[0mb`).spans[1].style).toEqual(PLAIN);
  expect(parseAnsi(`${ESC}[31ma${ESC}[mb`).spans[1].style).toEqual(PLAIN);
  expect(parseAnsi(`${ESC}[1;31ma${ESC}[39mb`).spans[1].style).toEqual({ ...PLAIN, bold: true });
});

test('a look goes on into the next line', () => {
  const { closing } = parseAnsi(`${ESC}[32mone`);
  expect(parseAnsi('two', closing).spans[0].style.ink).toBe(2);
});

test.each([
  [`a${ESC}[2Kb`, 'ab'],
  [`a${ESC}[10;20Hb`, 'ab'],
  [`a${ESC}]0;title\u0007b`, 'ab'],
  [`a${ESC}]8;;https://evil.example\u001b\\link${ESC}]8;;\u001b\\b`, 'alinkb'],
  [`a${ESC}Pqdata${ESC}\\b`, 'ab'],
  [`a${ESC}(Bb`, 'ab'],
  [`a\u0000\u0008\u007f\u009bb`, 'ab'],
  [`a${ESC}`, 'a'],
  ['a\tb', 'a\tb'],
  [`<b>${ESC}[1m</b>`, '<b></b>']
])('what is no colour is left out: %j', (line, plain) => {
  expect(plainText(line)).toBe(plain);
  expect(texts(line).join('')).toBe(plain);
});

test('a title that never ends does not take the next line with it', () => {
  expect(plainText(`${ESC}]0;title\nnext`)).toBe('\nnext');
});

test('a progress bar shows its last state', () => {
  expect(overwritten(' 10%\r 50%\r100%')).toBe('100%');
  expect(overwritten('a line of Windows\r')).toBe('a line of Windows');
});
