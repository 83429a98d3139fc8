import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { askStep, StepQuestion } from '../../src/notebook/stepDialog';

const trans = nullTranslator.load('jupyter_mlops');

function write(input: HTMLInputElement, text: string): void {
  input.value = text;
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

const field = (): HTMLInputElement => document.querySelector<HTMLInputElement>('[data-testid=mlops-step-name]')!;
const accept = (): HTMLButtonElement => document.querySelector<HTMLButtonElement>('.jp-Dialog .jp-mod-accept')!;

afterEach(() => document.querySelector<HTMLButtonElement>('.jp-Dialog .jp-mod-reject')?.click());

describe('the question for a step', () => {
  it('completes the names of the steps that are there', () => {
    const question = new StepQuestion(['load', 'train'], 'train', trans);
    Widget.attach(question, document.body);
    const list = document.getElementById(field().getAttribute('list')!)!;
    expect([...list.querySelectorAll('option')].map(option => option.value)).toEqual(['load', 'train']);
    expect(field().value).toBe('train');
    question.dispose();
  });

  it('says what is wrong while one types, and nothing before', async () => {
    const question = new StepQuestion([], '', trans);
    Widget.attach(question, document.body);
    const problem = question.node.querySelector('[role=status]')!;
    await Promise.resolve();
    expect(problem.textContent).toBe('');
    write(field(), 'Train it');
    expect(problem.textContent).toContain('train_it');
    expect(field().getAttribute('aria-invalid')).toBe('true');
    write(field(), 'train');
    expect(problem.textContent).toBe('');
    expect(field().getAttribute('aria-invalid')).toBe('false');
    question.dispose();
  });

  it('cannot be answered with a bad name', async () => {
    const answer = askStep(['load'], '', trans);
    await vi.waitFor(() => expect(accept().disabled).toBe(true));
    write(field(), 'no good');
    expect(accept().disabled).toBe(true);
    write(field(), ' good ');
    expect(accept().disabled).toBe(false);
    accept().click();
    expect(await answer).toBe('good');
  });

  it('gives null to who goes away', async () => {
    const answer = askStep(['load'], 'load', trans);
    await vi.waitFor(() => expect(field()).not.toBeNull());
    document.querySelector<HTMLButtonElement>('.jp-Dialog .jp-mod-reject')!.click();
    expect(await answer).toBeNull();
  });
});
