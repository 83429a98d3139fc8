import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { isGoodName, nameProblem, suggestion } from '../../src/notebook/stepName';
import names from './names.json';

const trans = nullTranslator.load('jupyter_mlops');

describe('the name of a step', () => {
  // The library's tests read the same list.
  it.each(names.good)('can be %j', name => {
    expect(isGoodName(name)).toBe(true);
    expect(nameProblem(name, trans)).toBe('');
  });

  it.each(names.bad)('cannot be %j', name => {
    expect(isGoodName(name)).toBe(false);
    expect(nameProblem(name, trans)).not.toBe('');
  });

  it('has at most a hundred characters, each counted once', () => {
    expect(isGoodName('𝒳'.repeat(100))).toBe(true);
    expect(isGoodName('a'.repeat(101))).toBe(false);
    expect(nameProblem('a'.repeat(101), trans)).toContain('100');
  });

  it('is suggested from a bad one', () => {
    expect(suggestion('Train  the Model!')).toBe('train_the_model');
    expect(suggestion('2. clean')).toBe('step_2_clean');
    expect(suggestion('😀')).toBe('');
    expect(nameProblem('Train it', trans)).toContain('train_it');
    expect(nameProblem('😀', trans)).not.toContain('For example');
  });

  it.each(names.bad)('is good itself when it is suggested for %j', name => {
    expect(suggestion(name) === '' || isGoodName(suggestion(name))).toBe(true);
  });
});
