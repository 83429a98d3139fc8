import { describe, expect, it } from 'vitest';
import { fitting, monoWidth, oneLine, textWidth } from '../../src/graph/measure';
import { look, stateOf } from '../../src/graph/states';
import {
  announcement,
  edgeLines,
  shortNames,
  spoken,
  stateWord,
  statusLine,
  untranslated as t
} from '../../src/graph/words';
import { node } from './generated';

describe('what is said of a step', () => {
  it.each([
    [
      node('train', { state: 'running', items: { running: 1, succeeded: 2, pending: 3 } }),
      'train, running, 2 of 6 items'
    ],
    [node('load', { state: 'succeeded', subtitle: '1.2 s' }), 'load, succeeded, 1.2 s'],
    [node('load', { state: 'running', subtitle: 'running, cell 2 of 5' }), 'load, running, cell 2 of 5'],
    [node('load', { subtitle: '3 cells' }), 'load, 3 cells'],
    [node('a', { title: 'Load data' }), 'Load data'],
    [node('a', { state: 'teleported' }), 'a, teleported'],
    [node('a', { badge: { text: '2', severity: 'error' } }), 'a, errors: 2'],
    [node('a', { when: 'acc > 0.9' }), 'a, when acc > 0.9'],
    [node('a', { loop: 'k in [1, 2]' }), 'a, for k in [1, 2]'],
    [node('a', { exit: true }), 'a, at the end'],
    [node('group:g', { title: 'g', kind: 'group', items: {}, details: 'x\ny' }), 'g, collapsed group, 2 steps']
  ])('%# is in words', (given, words) => {
    expect(spoken(given, t)).toBe(words);
  });

  it('is in the language of the reader', () => {
    const german = (text: string): string => ({ running: 'läuft' })[text] ?? text;
    expect(statusLine(node('a', { state: 'running', subtitle: 'running, cell 1 of 2' }), german)).toBe(
      'läuft, cell 1 of 2'
    );
  });

  it('has a word and an icon for each state, and a dot for what it does not know', () => {
    const states = ['pending', 'running', 'cached', 'skipped', 'succeeded', 'failed', 'canceled'];
    expect(states.map(state => stateWord(state, t))).toEqual(states);
    expect(new Set(states.map(state => look(state).icon)).size).toBe(states.length);
    expect(look('constructor').icon).toBe('·');
  });

  it('takes of several states the one that a person wants to know', () => {
    expect(stateOf({ succeeded: 3, failed: 1 })).toBe('failed');
    expect(stateOf({ failed: 1, running: 1 })).toBe('running');
    expect(stateOf({ failed: 0, cached: 2 })).toBe('cached');
    expect(stateOf({})).toBe('');
  });
});

describe('what is said of an edge', () => {
  it.each([
    [[], ''],
    [['X'], 'X'],
    [['X_train', 'y', 'a_long_name_1', 'another'], 'X_train, y +2'],
    [['a_name_that_is_too_long_for_any_edge'], 'a_name_that_is_too_lo…'],
    [['a_name_that_is_too_long_for_any_edge', 'b'], 'a_name_that_is_too_lo… +1']
  ])('names as many as fit: %j', (names, text) => {
    expect(shortNames(names)).toBe(text);
  });

  it('lists types and sizes where they are known, else names, else that nothing flows', () => {
    const edge = { from: 'a', to: 'b', names: ['x', 'y'] };
    expect(edgeLines({ ...edge, details: 'x: int\n\ny: str' }, t)).toEqual(['x: int', 'y: str']);
    expect(edgeLines(edge, t)).toEqual(['x', 'y']);
    expect(edgeLines({ ...edge, names: [] }, t)).toEqual(['order only, nothing flows']);
  });
});

describe('what is announced', () => {
  const data = (states: string[]) => ({
    name: 'p',
    nodes: states.map((state, index) => node(`s${index}`, { state })),
    edges: []
  });

  it('names steps whose state changed', () => {
    expect(announcement(data(['pending', 'pending']), data(['pending', 'running']), t)).toBe('s1, running');
    expect(announcement(data(['pending']), data(['pending']), t)).toBe('');
  });

  it('only counts very many, but names what failed', () => {
    const before = data(['pending', 'pending', 'pending', 'pending']);
    expect(announcement(before, data(['running', 'running', 'running', 'failed']), t)).toBe(
      '4 steps changed; failed: s3'
    );
  });
});

describe('text', () => {
  it('is cut to the width there is', () => {
    const cut = fitting('a_very_long_name_of_a_step', 13, 90);
    expect(cut.endsWith('…')).toBe(true);
    expect(textWidth(cut, 13)).toBeLessThanOrEqual(90);
    expect(fitting('short', 13, 90)).toBe('short');
  });

  it('stands on one line without control characters', () => {
    expect(oneLine('a\n b\tc\u0007')).toBe('a b c');
  });

  it('of a fixed font is as wide as its characters', () => {
    expect(monoWidth('abcd', 10)).toBeCloseTo(24.4);
  });

  it('leaves marks without an argument as they are', () => {
    expect(t('%1 of %2', '3')).toBe('3 of %2');
  });
});
