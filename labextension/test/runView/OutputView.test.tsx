import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { act, render, screen } from '@testing-library/react';
import * as React from 'react';
import { expect, test } from 'vitest';
import { Client } from '../../src/api/client';
import { Output } from '../../src/runView/executed';
import { OutputView } from '../../src/runView/OutputView';
import { RunServices } from '../../src/runView/services';

/** Renders plain text alone, and says at once that it did. */
const rendermime = {
  preferredMimeType: (data: object) => ('text/plain' in data ? 'text/plain' : undefined),
  createRenderer: () =>
    Object.assign(new Widget(), {
      renderModel: async function (this: Widget, model: { data: { [mime: string]: unknown } }) {
        this.node.textContent = `drawn: ${String(model.data['text/plain'])}`;
      }
    })
} as unknown as IRenderMimeRegistry;

const services: RunServices = {
  ref: { run: 'r1', folder: '' },
  client: {} as Client,
  commands: new CommandRegistry(),
  rendermime,
  trans: nullTranslator.load('')
};

const shown = (data: { [mime: string]: string }): Output => ({ output_type: 'display_data', data, metadata: {} });

test('words in place of an output that cannot be shown go when it becomes one that can', async () => {
  const { rerender } = render(<OutputView services={services} output={shown({ 'application/x-odd': 'x' })} />);
  expect(screen.getByText('There is no safe way to show this output.')).toBeTruthy();
  await act(async () => rerender(<OutputView services={services} output={shown({ 'text/plain': 'seven' })} />));
  expect(screen.getByText('drawn: seven')).toBeTruthy();
  expect(screen.queryByText('There is no safe way to show this output.')).toBeNull();
});
