import { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

/** The part of a JSON schema that says how a field of the form is edited. */
export interface FieldSchema {
  type?: string | string[];
  enum?: string[];
  additionalProperties?: boolean | { type?: string | string[] };
}

/**
 * How a field is edited: `choice` among words, `switch` on or off, `line` of text, `list` of names on a line,
 * `lines` with an item each, `pairs` with `NAME=VALUE` on each line.
 */
export type FieldKind = 'choice' | 'switch' | 'line' | 'list' | 'lines' | 'pairs';

/** What a person wrote, as data; undefined removes the key. `problem` says in which line it makes no sense. */
export type FieldValue = { value: PartialJSONValue | undefined } | { problem: string };

export function kindOf(schema: FieldSchema): FieldKind {
  const types = typesOf(schema);
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
      return pairs(trimmed, schema.additionalProperties);
    default:
      return { value: scalar(trimmed, typesOf(schema)) };
  }
}

function pairs(text: string, others: FieldSchema['additionalProperties']): FieldValue {
  const allowed = typeof others === 'object' ? typesOf(others) : ['string', 'number', 'boolean', 'object', 'array'];
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

function typesOf(schema: { type?: string | string[] }): string[] {
  return schema.type === undefined ? [] : Array.isArray(schema.type) ? schema.type : [schema.type];
}
