import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../src/notebook/fieldText';
import { CommandIDs } from '../../src/tokens';

interface Field {
  title: string;
  description: string;
  accepts: string[];
  acceptsValues?: string[];
  enum?: string[];
  type?: unknown;
  default?: unknown;
}
interface Form {
  metadataSchema: { properties: { [key: string]: Field } };
  metadataOptions: { [key: string]: { metadataLevel: string; cellTypes?: string[]; customRenderer: string } };
}
interface Property {
  type: string | string[];
  enum?: string[];
  additionalProperties?: { type: string | string[] };
}

const here = join(process.cwd(), 'schema');
const read = (...path: string[]): never => JSON.parse(readFileSync(join(here, ...path), 'utf-8')) as never;
const library = (name: string): { [key: string]: Property } =>
  (read('../../jupyter_mlops/notebook/schema', `${name}.json`) as { properties: { [key: string]: Property } })
    .properties;
const forms = (read('cell-form.json') as { 'jupyter.lab.metadataforms': Form[] })['jupyter.lab.metadataforms'];
const listed = (types: string | string[]): string[] => (typeof types === 'string' ? [types] : types);

const cell = library('cell_metadata');
const pipeline = (library('notebook_metadata').pipeline as unknown as { properties: { [key: string]: Property } })
  .properties;

describe.each([
  ['of a cell', forms[0], cell, '/jupyter_mlops/', 'cell'],
  ['of the pipeline', forms[1], pipeline, '/jupyter_mlops/pipeline/', 'notebook']
] as [string, Form, { [key: string]: Property }, string, string][])('the form %s', (_, form, wanted, prefix, level) => {
  const fields = form.metadataSchema.properties;

  it("has the keys of the library's schema", () => {
    expect(Object.keys(fields).sort()).toEqual(
      Object.keys(wanted)
        .map(key => prefix + key)
        .sort()
    );
  });

  it.each(Object.keys(wanted))("takes for %s what the library's schema takes", key => {
    const field = fields[prefix + key];
    expect(field.accepts).toEqual(listed(wanted[key].type));
    expect(field.enum).toEqual(wanted[key].enum);
    const values = wanted[key].additionalProperties;
    expect(field.acceptsValues).toEqual(values && listed(values.type));
    expect(kindOf(field)).toBeDefined();
  });

  it('has words for each field, and writes nothing by itself', () => {
    for (const [key, field] of Object.entries(fields)) {
      expect(field.title && field.description, key).toBeTruthy();
      // JupyterLab's form writes defaults, and empty lists and objects, into each cell that it shows.
      expect([field.type, field.default], key).toEqual([undefined, undefined]);
      expect(form.metadataOptions[key]).toMatchObject({
        metadataLevel: level,
        customRenderer: 'jupyter-mlops:cell-form.field'
      });
    }
  });
});

describe('the schemas', () => {
  const texts = readdirSync(here).map(name => readFileSync(join(here, name), 'utf-8'));

  it('name only commands that exist', () => {
    const known = new Set<string>(Object.values(CommandIDs));
    const named = texts.flatMap(text =>
      [...text.matchAll(/"command": "(jupyter-mlops:[^"]+)"/g)].map(found => found[1])
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(id => !known.has(id))).toEqual([]);
  });

  it('give no two commands the same keys in the same place', () => {
    const keys = texts.flatMap(text =>
      (
        (JSON.parse(text) as { 'jupyter.lab.shortcuts'?: { keys: string[]; selector: string }[] })[
          'jupyter.lab.shortcuts'
        ] ?? []
      ).map(item => `${item.keys.join(' ')} ${item.selector}`)
    );
    expect(new Set(keys).size).toBe(keys.length);
  });
});
