import { PartialJSONValue } from '@lumino/coreutils';
import { describe, expect, it } from 'vitest';
import { FieldSchema, kindOf, textOf, valueOf } from '../../src/notebook/fieldText';

const cpu: FieldSchema = { accepts: ['number', 'string'] };
const gpu: FieldSchema = { accepts: ['integer', 'string'] };
const names: FieldSchema = { accepts: ['array', 'string'] };
const lines: FieldSchema = { accepts: ['array'] };
const env: FieldSchema = { accepts: ['object'], acceptsValues: ['string', 'number', 'boolean'] };
const labels: FieldSchema = { accepts: ['object'], acceptsValues: ['string'] };
const retries: FieldSchema = { accepts: ['integer', 'string', 'object'] };

describe('a field of the form', () => {
  it('is edited as its types ask for', () => {
    expect(
      [{ accepts: ['string'], enum: ['a'] }, { accepts: ['boolean'] }, cpu, names, lines, env].map(kindOf)
    ).toEqual(['choice', 'switch', 'line', 'list', 'lines', 'pairs']);
  });

  it.each([
    ['a number as a number', cpu, '2', 2],
    ['a fraction as a number', cpu, ' 0.5 ', 0.5],
    ['text where no number is', cpu, '500m', '500m'],
    ['a fraction as text where only whole numbers are numbers', gpu, '0.5', '0.5'],
    ['names as a list', names, 'load, clean,', ['load', 'clean']],
    ['an item on each line', lines, 'a:b:c\n\n {"name": "n"} ', ['a:b:c', { name: 'n' }]],
    ['pairs as an object', env, 'A=1\nB = x=y\nC=true', { A: 1, B: 'x=y', C: true }],
    ['pairs as texts where only text is allowed', labels, 'tier=1', { tier: '1' }],
    ['an object in a line', retries, '{"limit": 2}', { limit: 2 }],
    ['null as a text', cpu, 'null', 'null'],
    ['a word in quotes as it is', cpu, '"2"', '"2"'],
    ['no', { accepts: ['boolean'] }, 'false', false],
    ['nothing as nothing', cpu, '  ', undefined]
  ] as [string, FieldSchema, string, unknown][])('reads %s', (_, schema, text, value) => {
    expect(valueOf(text, schema)).toEqual({ value });
  });

  it('says which line is no pair', () => {
    expect(valueOf('A=1\nB', env)).toEqual({ problem: 'B' });
  });

  it.each([
    [2, cpu, '2'],
    ['500m', cpu, '500m'],
    [['load', 'clean'], names, 'load, clean'],
    ['load,clean', names, 'load,clean'],
    [['a:b:c', { name: 'n' }], lines, 'a:b:c\n{"name":"n"}'],
    [{ A: 1, B: 'x y' }, env, 'A=1\nB=x y'],
    [{ limit: 2 }, retries, '{"limit":2}'],
    [false, { accepts: ['boolean'] }, 'false'],
    [undefined, cpu, '']
  ] as [undefined, FieldSchema, string][])('shows %j', (value, schema, text) => {
    expect(textOf(value, kindOf(schema))).toBe(text);
  });

  it('gives back what it showed, whatever that was', () => {
    for (const [value, schema] of [
      [{ A: 1, B: 'x y', C: '' }, env],
      [['a:b:c', { name: 'n', key: 'k', env: 'E' }], lines],
      [{ limit: 2, backoff: 1.5 }, retries]
    ] as [PartialJSONValue, FieldSchema][]) {
      expect(valueOf(textOf(value, kindOf(schema)), schema)).toEqual({ value });
    }
  });
});
