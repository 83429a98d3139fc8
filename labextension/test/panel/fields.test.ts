import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { Parameter } from '../../src/api/shapes';
import { fieldOf, read, textOf } from '../../src/panel/fields';

const trans = nullTranslator.load('');

function parameter(type: string, value: Parameter['default'] = null, required = false): Parameter {
  return { name: 'p', type, default: value, required };
}

describe('fieldOf', () => {
  it.each([
    ['int', 1, { kind: 'integer' }],
    ['float', 0.5, { kind: 'number' }],
    ['bool', true, { kind: 'flag' }],
    ['str', 'a', { kind: 'text' }],
    ['Path', 'a', { kind: 'text' }],
    ['int | None', null, { kind: 'integer' }],
    ['list', [1], { kind: 'json' }],
    ['', 'a', { kind: 'text' }],
    ['', true, { kind: 'flag' }],
    ['', 2, { kind: 'number' }],
    ["Literal['a', 'b']", 'a', { kind: 'choice', choices: ['a', 'b'] }],
    ['typing.Literal["a", 2, True, None, -1.5]', 'a', { kind: 'choice', choices: ['a', 2, true, null, -1.5] }],
    ['Literal[Color.RED]', 'a', { kind: 'text' }]
  ])('knows the field of %s with %j', (type, value, field) => {
    expect(fieldOf(parameter(type, value))).toEqual(field);
  });

  it('takes text for a required parameter of unknown type', () => {
    expect(fieldOf(parameter('', null, true))).toEqual({ kind: 'text' });
  });
});

describe('read', () => {
  it.each([
    ['integer', '3', 3],
    ['integer', ' -3 ', -3],
    ['number', '1e-3', 0.001],
    ['text', '', ''],
    ['text', '3', '3'],
    ['json', '{"a": [1]}', { a: [1] }]
  ] as const)('reads a %s from %j', (kind, text, value) => {
    expect(read({ kind }, text, trans)).toEqual({ value });
  });

  it.each([
    ['integer', '3.5'],
    ['integer', ''],
    ['number', 'one'],
    ['number', ''],
    ['number', 'Infinity'],
    ['json', '{a: 1}']
  ] as const)('says what a %s needs instead of %j', (kind, text) => {
    expect(read({ kind }, text, trans).error).toMatch(/needed/);
  });
});

describe('textOf', () => {
  it('shows text as it is and other values as JSON', () => {
    expect(textOf({ kind: 'text' }, 'a"b')).toBe('a"b');
    expect(textOf({ kind: 'number' }, 0.5)).toBe('0.5');
    expect(textOf({ kind: 'json' }, 'a')).toBe('"a"');
  });
});
