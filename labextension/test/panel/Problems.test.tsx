import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { expect, it, vi } from 'vitest';
import { Problems } from '../../src/panel/Problems';
import { diagnostic } from '../samples/shapes';

const trans = nullTranslator.load('');

it('shows the worst first, as text, and says how bad it is in words', () => {
  const items = [
    diagnostic({ severity: 'info', message: 'third' }),
    diagnostic({ severity: 'error', message: '<img src=x>first' }),
    diagnostic({ severity: 'warning', message: 'second' })
  ];
  const { container } = render(<Problems diagnostics={items} trans={trans} onGo={vi.fn()} onFix={vi.fn()} />);
  const texts = [...container.querySelectorAll('.jp-mlops-ProblemText')].map(item => item.textContent);
  expect(texts).toEqual(['<img src=x>first', 'second', 'third']);
  expect(container.querySelector('img')).toBeNull();
  expect(screen.getAllByRole('img').map(item => item.getAttribute('aria-label'))).toEqual(['Error', 'Warning', 'Note']);
});

it('goes to the cell and line of a diagnostic', async () => {
  const item = diagnostic();
  const go = vi.fn();
  render(<Problems diagnostics={[item]} trans={trans} onGo={go} onFix={vi.fn()} />);
  await userEvent.click(screen.getByRole('button', { name: 'load, line 3' }));
  expect(go).toHaveBeenCalledWith(item);
});

it('offers the fixes of a diagnostic', async () => {
  const fix = { title: 'Mark as setup', edits: [] };
  const onFix = vi.fn();
  render(<Problems diagnostics={[diagnostic({ fixes: [fix] })]} trans={trans} onGo={vi.fn()} onFix={onFix} />);
  await userEvent.click(screen.getByRole('button', { name: 'Mark as setup' }));
  expect(onFix).toHaveBeenCalledWith(fix);
});

it('has no place to go to for what is about the whole notebook', () => {
  render(<Problems diagnostics={[diagnostic({ cell: null })]} trans={trans} onGo={vi.fn()} onFix={vi.fn()} />);
  expect(screen.queryByRole('button')).toBeNull();
});

it('shows the first fifty of very many, and all when asked', async () => {
  const items = Array.from({ length: 60 }, (_, index) => diagnostic({ line: index }));
  render(<Problems diagnostics={items} trans={trans} onGo={vi.fn()} onFix={vi.fn()} />);
  expect(screen.getAllByRole('listitem')).toHaveLength(50);
  await userEvent.click(screen.getByRole('button', { name: 'Show all 60' }));
  expect(screen.getAllByRole('listitem')).toHaveLength(60);
});
