import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ErrorBoundary } from '../../src/ui/ErrorBoundary';

const trans = nullTranslator.load('jupyter_mlops');
let broken: boolean;

function View(): React.ReactElement {
  if (broken) {
    throw new Error('no data');
  }
  return <p>the view</p>;
}

// React tells of caught faults on the console.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => undefined));
afterEach(() => vi.restoreAllMocks());

function show(): void {
  render(
    <ErrorBoundary trans={trans}>
      <View />
    </ErrorBoundary>
  );
}

it('shows what is in it', () => {
  broken = false;
  show();
  expect(screen.getByText('the view')).toBeTruthy();
});

it('says what the fault is instead, and draws the view again when asked to', () => {
  broken = true;
  show();
  expect(screen.getByRole('alert').textContent).toContain('This view has a fault: no data');
  fireEvent.click(screen.getByRole('button', { name: 'Show it again' }));
  expect(screen.getByRole('alert')).toBeTruthy();
  broken = false;
  fireEvent.click(screen.getByRole('button', { name: 'Show it again' }));
  expect(screen.getByText('the view')).toBeTruthy();
});
