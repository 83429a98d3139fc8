import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import * as React from 'react';
import { expect, it } from 'vitest';
import { StateMark } from '../../src/ui/marks';

const trans = nullTranslator.load('jupyter_mlops');

it('a state is shown by its icon and its word', () => {
  const { container } = render(<StateMark state="failed" trans={trans} />);
  expect(container.textContent).toBe('✗failed');
  expect(container.firstElementChild?.className).toContain('jp-mlops-mod-failed');
  expect(screen.queryByRole('img')).toBeNull();
});

it('a state without its word has it as a name', () => {
  const { container } = render(<StateMark state="running" trans={trans} iconOnly />);
  expect(screen.getByRole('img', { name: 'running' }).textContent).toBe('▶');
  expect(container.textContent).toBe('▶');
});
