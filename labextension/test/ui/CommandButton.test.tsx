import { Notification } from '@jupyterlab/apputils';
import { refreshIcon } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import * as React from 'react';
import { beforeEach, expect, it, vi } from 'vitest';
import { CommandButton } from '../../src/ui/CommandButton';

let commands: CommandRegistry;
let executed: ReadonlyPartialJSONObject[];
let isEnabled: boolean;

beforeEach(() => {
  commands = new CommandRegistry();
  [executed, isEnabled] = [[], true];
  commands.addCommand('mlops:do', {
    label: args => `Do ${args.what ?? 'it'}`,
    caption: 'Do what there is to do',
    icon: refreshIcon,
    isEnabled: () => isEnabled,
    isVisible: args => args.hidden !== true,
    execute: args => void executed.push(args)
  });
});

it('shows and executes its command', () => {
  render(<CommandButton commands={commands} id="mlops:do" args={{ what: 'this' }} testid="do" />);
  const button = screen.getByRole('button', { name: 'Do this' });
  expect([button.title, button.dataset.testid, button.dataset.command]).toEqual([
    'Do what there is to do',
    'do',
    'mlops:do'
  ]);
  fireEvent.click(button);
  expect(executed).toEqual([{ what: 'this' }]);
});

it('with its icon only still has its name', () => {
  render(<CommandButton commands={commands} id="mlops:do" iconOnly />);
  expect(screen.getByRole('button', { name: 'Do it' }).textContent).toBe('');
});

it('can be named otherwise', () => {
  render(<CommandButton commands={commands} id="mlops:do" label="Go" accept />);
  expect(screen.getByRole('button', { name: 'Go' }).className).toContain('jp-mod-accept');
});

it('is off while its command is', () => {
  isEnabled = false;
  render(<CommandButton commands={commands} id="mlops:do" />);
  fireEvent.click(screen.getByRole('button'));
  expect(screen.getByRole<HTMLButtonElement>('button').disabled).toBe(true);
  expect(executed).toEqual([]);
});

it('is not there without its command, or where the command is hidden', () => {
  render(<CommandButton commands={commands} id="mlops:other" />);
  render(<CommandButton commands={commands} id="mlops:do" args={{ hidden: true }} />);
  expect(screen.queryByRole('button')).toBeNull();
});

it('tells when its command did not work', async () => {
  const told = vi.spyOn(Notification, 'error').mockReturnValue('');
  commands.addCommand('docmanager:open', { execute: () => Promise.reject(new Error('No such file: work.ipynb')) });
  render(<CommandButton commands={commands} id="docmanager:open" label="Open" />);
  fireEvent.click(screen.getByRole('button'));
  await waitFor(() => expect(told.mock.calls[0]?.[0]).toBe('No such file: work.ipynb'));
  told.mockRestore();
});
