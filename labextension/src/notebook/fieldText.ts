import { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

/**
 * How a field of the form is edited, from `schema/cell-form.json`. The types are not called `type` there: the form
 * would fill in empty lists and objects, and write them into every cell that it shows.
 */
export interface FieldSchema {
  /** Types that the key can have, the simplest first. */
  accepts?: string[];
  /** Types of the values of an object; without it any. */
  acceptsValues?: string[];
  enum?: string[];
}

/**
 * How a field is edited: `choice` among words, `switch` on or off, `line` of text, `list` of names on a line,
 * `lines` with an item each, `pairs` with `NAME=VALUE` on each line.
 */
export type FieldKind = 'choice' | 'switch' | 'line' | 'list' | 'lines' | 'pairs';

/** What a person wrote, as data; undefined removes the key. `problem` says in which line it makes no sense. */
export type FieldValue = { value: PartialJSONValue | undefined } | { problem: string };

/** How a person edits a field with these types. */
export function kindOf(schema: FieldSchema): FieldKind {
  const types = schema.accepts ?? [];
  if (schema.enum) {
    return 'choice';
  }
  if (types.includes('array')) {
    return types.includes('string') ? 'list' : 'lines';
  }
  return types[0] === 'boolean' ? 'switch' : types[0] === 'object' ? 'pairs' : 'line';
}

/** Data as the text that a person edits; empty if there are none. */
export function textOf(value: PartialJSONValue | undefined, kind: FieldKind): string {
  if (value === undefined || value === null) {
    return '';
  }
  if (Array.isArray(value)) {
    return value.map(plain).join(kind === 'list' ? ', ' : '\n');
  }
  if (typeof value === 'object' && kind === 'pairs') {
    return Object.entries(value)
      .map(([name, item]) => `${name}=${plain(item)}`)
      .join('\n');
  }
  return plain(value);
}

/** The text of a field as data, in the simplest form that the schema allows. */
export function valueOf(text: string, schema: FieldSchema): FieldValue {
  const trimmed = text.trim();
  if (trimmed === '') {
    return { value: undefined };
  }
  switch (kindOf(schema)) {
    case 'switch':
      return { value: trimmed === 'true' };
    case 'list':
      return { value: parts(trimmed, /[,\n]/) };
    case 'lines':
      return { value: parts(trimmed, /\n/).map(item => scalar(item, ['string', 'object'])) };
    case 'pairs':
      return pairs(trimmed, schema.acceptsValues ?? ANYTHING);
    default:
      return { value: scalar(trimmed, schema.accepts ?? ['string']) };
  }
}

const ANYTHING = ['string', 'number', 'boolean', 'object', 'array'];

function pairs(text: string, allowed: string[]): FieldValue {
  const value: PartialJSONObject = {};
  for (const line of parts(text, /\n/)) {
    const [, name, item] = /^([^=\s]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) {
      return { problem: line };
    }
    value[name] = scalar(item, allowed);
  }
  return { value };
}

/** Text as a number, a truth or an object where it is one and may be one; else as it is. */
function scalar(text: string, allowed: string[]): PartialJSONValue {
  let parsed: PartialJSONValue;
  try {
    parsed = JSON.parse(text);
  } catch {
    return text;
  }
  const type = Array.isArray(parsed) ? 'array' : typeof parsed;
  const fits = allowed.includes(type) || (Number.isInteger(parsed) && allowed.includes('integer'));
  return parsed !== null && type !== 'string' && fits ? parsed : text;
}

function parts(text: string, separator: RegExp): string[] {
  return text
    .split(separator)
    .map(item => item.trim())
    .filter(Boolean);
}

function plain(value: PartialJSONValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
