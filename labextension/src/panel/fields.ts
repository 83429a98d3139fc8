import { TranslationBundle } from '@jupyterlab/translation';
import { JSONValue } from '@lumino/coreutils';
import { Parameter } from '../api/shapes';

/** How a parameter is entered, as its type says. */
export type Field =
  | { kind: 'choice'; choices: JSONValue[] }
  | { kind: 'flag' }
  | { kind: 'integer' }
  | { kind: 'number' }
  | { kind: 'text' }
  | { kind: 'json' };

/** What a person typed: a value, or why it is none. */
export type Read = { value: JSONValue; error?: undefined } | { error: string };

const SIMPLE: { [type: string]: Field } = {
  bool: { kind: 'flag' },
  int: { kind: 'integer' },
  float: { kind: 'number' },
  str: { kind: 'text' },
  Path: { kind: 'text' }
};

export function fieldOf(parameter: Parameter): Field {
  const literal = /^(?:typing\.)?Literal\[(.*)\]$/.exec(parameter.type);
  const choices = literal ? literals(literal[1]) : null;
  return choices
    ? { kind: 'choice', choices }
    : (SIMPLE[parameter.type.replace(/\s*\|\s*None$/, '')] ?? byDefault(parameter));
}

/** The text of a value in a field. */
export function textOf(field: Field, value: JSONValue): string {
  return field.kind === 'json' || typeof value !== 'string' ? (JSON.stringify(value) ?? '') : value;
}

export function read(field: Field, text: string, trans: TranslationBundle): Read {
  switch (field.kind) {
    case 'integer':
      return /^\s*[+-]?\d+\s*$/.test(text)
        ? { value: Number(text) }
        : { error: trans.__('A whole number is needed, such as 3.') };
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text))
        ? { value: Number(text) }
        : { error: trans.__('A number is needed, such as 0.5 or 1e-3.') };
    case 'json':
      try {
        return { value: JSON.parse(text) as JSONValue };
      } catch {
        return { error: trans.__('JSON is needed, such as [1, 2] or {"a": true}.') };
      }
    default:
      return { value: text };
  }
}

function byDefault(parameter: Parameter): Field {
  switch (typeof parameter.default) {
    case 'boolean':
      return { kind: 'flag' };
    case 'number':
      return { kind: 'number' };
    case 'string':
      return { kind: 'text' };
    default:
      return parameter.required ? { kind: 'text' } : { kind: 'json' };
  }
}

/** The values of `'a', 2, True` as Python writes them; null if one of them is anything else. */
function literals(text: string): JSONValue[] | null {
  const found: JSONValue[] = [];
  const item = /\s*(?:'([^'\\]*)'|"([^"\\]*)"|(-?\d+(?:\.\d+)?)|(True|False|None))\s*(?:,|$)/y;
  while (item.lastIndex < text.length) {
    const match = item.exec(text);
    if (!match) {
      return null;
    }
    const [, single, double, number, word] = match;
    const plain: { [word: string]: JSONValue } = { True: true, False: false, None: null };
    found.push(single ?? double ?? (number !== undefined ? Number(number) : plain[word]));
  }
  return found.length ? found : null;
}
