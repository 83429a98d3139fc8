import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { CellPlace, Diagnostic, Severity } from '../../src/api/shapes';
import { chipContent, ChipContent, ChipFacts } from '../../src/notebook/chipContent';
import { StepState } from '../../src/notebook/stepStates';

const trans = nullTranslator.load('jupyter_mlops');
const train: CellPlace = { cell: 3, id: 'c3', role: 'step', step: 'train' };

function shown(facts: Partial<ChipFacts>): ChipContent {
  return chipContent({ place: train, above: null, state: undefined, diagnostics: [], ...facts }, trans);
}

function state(name: string, more: Partial<StepState> = {}): StepState {
  return { state: name, task: 'train', counts: new Map([[name, 1]]), seconds: 1.5, reason: '', ...more };
}

function problem(severity: Severity, message = 'x is not defined.'): Diagnostic {
  return { code: 'MLO101', severity, message, hint: '' } as Diagnostic;
}

describe('a chip', () => {
  it("shows the step's name, and nothing of a state before the first run", () => {
    expect(shown({})).toMatchObject({ label: 'train', step: 'train', state: '', icon: '', word: '', follows: false });
  });

  it('follows the cell above if that is in the same step', () => {
    expect(shown({ above: 'train' }).follows).toBe(true);
    expect(shown({ above: 'load' }).follows).toBe(false);
  });

  it.each([
    ['setup', 'setup'],
    ['parameters', 'parameters'],
    ['skip', 'not run']
  ] as const)('shows the role %s as "%s", without a step or a state', (role, label) => {
    const content = shown({ place: { ...train, role, step: null }, state: state('failed'), above: 'train' });
    expect(content).toMatchObject({ label, step: '', state: '', follows: false });
  });

  it('has the state as an icon, and as a word in the tooltip', () => {
    const content = shown({ state: state('cached') });
    expect([content.icon, content.word]).toEqual(['◆', '']);
    expect(content.tooltip).toContain('Last run: cached (1.5 s)');
  });

  it('says in words that a step failed, and why', () => {
    const content = shown({ state: state('failed', { reason: 'ValueError: no' }) });
    expect(content.word).toBe('failed');
    expect(content.tooltip.split('\n')).toContain('ValueError: no');
  });

  it('counts the tasks of a loop in the tooltip', () => {
    const counts = new Map([
      ['succeeded', 2],
      ['running', 1]
    ]);
    expect(shown({ state: state('running', { counts, seconds: null }) }).tooltip).toContain('2 succeeded, 1 running');
  });

  it('has the number of problems and the worst severity', () => {
    const content = shown({ diagnostics: [problem('info'), problem('error'), problem('warning')] });
    expect([content.severity, content.problems]).toEqual(['error', 3]);
  });

  it('names the first problems, and how many more there are', () => {
    const many = ['a', 'b', 'c', 'd', 'e'].map(name => problem('warning', `${name} is not defined.`));
    const { tooltip } = shown({ diagnostics: many });
    expect(tooltip).toContain('c is not defined.');
    expect(tooltip).not.toContain('d is not defined.');
    expect(tooltip).toContain('and 2 more');
  });
});
