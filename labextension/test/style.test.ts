import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const STYLE = join(__dirname, '..', 'style');
const files = readdirSync(STYLE).filter(name => name.endsWith('.css'));

/** What follows a comma, a brace or the file's beginning, up to the next of these: the selectors of rules. */
function selectors(css: string): string[] {
  const plain = css.replace(/\/\*[^]*?\*\//g, '').replace(/@[\w-]+[^{;]*;/g, '');
  return [...plain.matchAll(/([^{}]+)\{/g)].flatMap(match => match[1].split(/,(?![^(]*\))/)).map(item => item.trim());
}

it('styles nothing but what is ours', () => {
  const others = files
    .flatMap(name => selectors(readFileSync(join(STYLE, name), 'utf8')))
    .filter(item => !item.includes('mlops-') && !item.startsWith('@') && !/^(from|to|\d+%)$/.test(item));
  expect(others).toEqual([]);
});

it('has each class’s own rule in one file', () => {
  const owners = new Map<string, Set<string>>();
  for (const name of files) {
    for (const item of selectors(readFileSync(join(STYLE, name), 'utf8'))) {
      if (/^\.jp-mlops-[A-Z][\w-]*$/.test(item)) {
        owners.set(item, (owners.get(item) ?? new Set()).add(name));
      }
    }
  }
  expect([...owners].filter(([, names]) => names.size > 1).map(([item, names]) => [item, ...names])).toEqual([]);
});

it('takes every colour from the theme', () => {
  const literal = /(#[0-9a-f]{3,8}\b|\b(rgb|hsl)a?\()/i;
  const found = files
    .filter(name => name !== 'graph.css')
    .flatMap(name =>
      readFileSync(join(STYLE, name), 'utf8')
        .split('\n')
        .filter(line => literal.test(line))
        .map(line => `${name}: ${line}`)
    );
  expect(found).toEqual([]);
});
