import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { bytesText, durationText, stateIcon, stateWord, valueText, whenText } from '../../src/ui/looks';

const trans = nullTranslator.load('jupyter_mlops');
const STATES = ['pending', 'running', 'cached', 'skipped', 'succeeded', 'failed', 'canceled'];

describe('states', () => {
  it('have each a word and an icon of their own', () => {
    expect(STATES.map(state => stateWord(state, trans))).toEqual(STATES);
    expect(new Set(STATES.map(stateIcon)).size).toBe(STATES.length);
  });

  it('of another version are shown as they are', () => {
    expect(['paused', 'constructor', ''].map(state => stateWord(state, trans))).toEqual(['paused', 'constructor', '']);
    expect(['paused', 'constructor', ''].map(stateIcon)).toEqual(['·', '·', '·']);
  });
});

describe('durationText', () => {
  it.each([
    [null, ''],
    [undefined, ''],
    [NaN, ''],
    [Infinity, ''],
    [-5, '0 ms'],
    [0.0124, '12 ms'],
    [0.9994, '999 ms'],
    [0.9996, '1.0 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 00 s'],
    [185, '3 min 05 s'],
    [3599.6, '1 h 00 min'],
    [7620, '2 h 07 min'],
    [360000, '100 h 00 min']
  ])('%s s is "%s"', (seconds, text) => expect(durationText(seconds)).toBe(text));
});

describe('bytesText', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [1023, '1023 bytes'],
    [1024, '1.0 KiB'],
    [12_595, '12.3 KiB'],
    [1024 ** 2 - 1, '1.0 MiB'],
    [1.2 * 1024 ** 3, '1.2 GiB'],
    [5000 * 1024 ** 4, '5000.0 TiB']
  ])('%s is "%s"', (count, text) => expect(bytesText(count)).toBe(text));
});

describe('valueText', () => {
  it.each([
    [0.123456, '0.1235'],
    [1234567, '1234567'],
    [1e-9, '1e-9'],
    [NaN, 'NaN'],
    ['text', 'text'],
    [null, 'null'],
    [true, 'true'],
    [[1, 2], '[1,2]'],
    [undefined, '']
  ])('%s is "%s"', (value, text) => expect(valueText(value)).toBe(text));

  it('shows both ends of a long text', () => {
    const text = valueText(`${'a'.repeat(500)}.ipynb`);
    expect(text).toHaveLength(100);
    expect(text).toMatch(/^a+…a+\.ipynb$/);
  });
});

describe('whenText', () => {
  const now = 1_700_000_000;

  it.each([
    [null, ''],
    [undefined, ''],
    [now + 500, 'just now'],
    [now - 59, 'just now'],
    [now - 60, '1 min ago'],
    [now - 3599, '59 min ago'],
    [now - 7300, '2 h ago'],
    [now - 86400, new Date((now - 86400) * 1000).toLocaleString()]
  ])('%s is "%s"', (at, text) => expect(whenText(at, now, trans)).toBe(text));
});
