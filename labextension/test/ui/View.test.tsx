import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';
import { expect, it, vi } from 'vitest';
import { View } from '../../src/ui/View';

it('a view is a region with a name, and shows what is drawn', async () => {
  const options = { id: 'one', label: 'Panel', className: 'jp-mlops-Panel', testid: 'mlops-panel' };
  const view = new View(() => <p>drawn</p>, nullTranslator.load('x'), options);
  expect([view.id, view.node.getAttribute('role'), view.node.getAttribute('aria-label')]).toEqual([
    'one',
    'region',
    'Panel'
  ]);
  expect([...view.node.classList]).toEqual(expect.arrayContaining(['jp-mlops-View', 'jp-mlops-Panel']));
  expect(view.node.dataset.testid).toBe('mlops-panel');
  Widget.attach(view, document.body);
  MessageLoop.flush();
  await vi.waitFor(() => expect(view.node.textContent).toBe('drawn'));
  view.activate();
  await vi.waitFor(() => expect(document.activeElement).toBe(view.node));
  view.dispose();
});
