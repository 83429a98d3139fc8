import { TranslationBundle } from '@jupyterlab/translation';

const LONGEST = 100;
const GOOD = /^[\p{L}\p{Nl}\p{No}_][\p{L}\p{N}_]*(?:-[\p{L}\p{N}_]+)*$/u;

/** Whether a step can have this name: the rule of `jupyter_mlops.notebook.step_names`. */
export function isGoodName(name: string): boolean {
  return [...name].length <= LONGEST && GOOD.test(name);
}

/** What is wrong with a step's name, in a sentence with the way out; empty if it is good. */
export function nameProblem(name: string, trans: TranslationBundle): string {
  if (isGoodName(name)) {
    return '';
  }
  if (name === '') {
    return trans.__('A step needs a name.');
  }
  if ([...name].length > LONGEST) {
    return trans.__('The name is longer than %1 characters.', LONGEST);
  }
  const better = suggestion(name);
  const rule = trans.__('A name has letters, digits, _ and single - inside, and starts with a letter or _.');
  return better ? `${rule} ${trans.__('For example: %1', better)}` : rule;
}

/** A good name near a bad one; empty when there is none. */
export function suggestion(name: string): string {
  const words = name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/['\u2019](?=[\p{L}\p{N}])/gu, '')
    .replace(/[^\p{L}\p{N}_]+/gu, '_');
  const joined = words.replace(/_+/g, '_').replace(/^_|_$/g, '').slice(0, 48).replace(/_$/, '');
  return joined === '' || isGoodName(joined) ? joined : `step_${joined}`;
}
