import { render, screen } from '@testing-library/react';
import * as React from 'react';
import { expect, it } from 'vitest';
import { Failure } from '../../src/api/failure';
import { EmptyNote, FailureNote, LoadingNote } from '../../src/ui/notes';

it('a failure is read aloud, with its way out and a button for it', () => {
  render(
    <FailureNote failure={new Failure('x', 'It broke.', 'Mend it.')}>
      <button>Mend</button>
    </FailureNote>
  );
  expect(screen.getByRole('alert').textContent).toBe('It broke.Mend it.Mend');
});

it('what a server says is text', () => {
  const { container } = render(<FailureNote failure={new Failure('x', '<img src=x onerror=alert(1)>', '<b>b</b>')} />);
  expect(container.querySelector('img, b')).toBeNull();
  expect(screen.getByTestId('mlops-failure').textContent).toContain('<img');
});

it('a failure without a way out shows no empty line', () => {
  const { container } = render(<FailureNote failure={new Failure('x', 'It broke.')} />);
  expect(container.querySelectorAll('p')).toHaveLength(1);
});

it('an empty place says how to begin', () => {
  const { container } = render(<EmptyNote title="No runs.">Press Run.</EmptyNote>);
  expect(container.textContent).toBe('No runs.Press Run.');
});

it('what is on its way is a status', () => {
  render(<LoadingNote text="Loading" />);
  expect(screen.getByRole('status').textContent).toBe('Loading');
});
