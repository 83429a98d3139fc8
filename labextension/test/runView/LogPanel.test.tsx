import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Failure } from '../../src/api/failure';
import { LogPanel } from '../../src/runView/LogPanel';
import { PIECE_BYTES, ReadLog } from '../../src/runView/logModel';

const trans = nullTranslator.load('');

/** A server with one log, whose answers a test can hold back. */
class Server {
  log = '';
  failure: Failure | null = null;
  asked: number[] = [];
  gate: Promise<void> | null = null;
  read: ReadLog = async (start, limit) => {
    this.asked.push(start);
    const first = start < 0 ? Math.max(0, this.log.length + start) : start;
    const end = Math.min(this.log.length, first + limit);
    const piece = { text: this.log.slice(first, end), start: first, end, size: this.log.length };
    await this.gate;
    if (this.failure) {
      throw this.failure;
    }
    return piece;
  };
}

let server: Server;

beforeEach(() => {
  server = new Server();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function show(isLive = false): ReturnType<typeof render> {
  return render(<LogPanel trans={trans} read={server.read} isLive={isLive} name="train" />);
}

/** A log in three pieces, `text` on lines of its own at each of the parts (0 to 1) of the way. */
function longLog(...places: [number, string][]): string {
  const lines = Array.from({ length: (3 * PIECE_BYTES) / 16 }, (_, index) => `line ${String(index).padStart(10, '0')}`);
  places.forEach(([part, text]) => (lines[Math.floor(part * (lines.length - 1))] = text));
  return lines.join('\n') + '\n';
}

const box = (): HTMLElement => screen.getByRole('searchbox');
/** Which match one is at, of how many. */
const place = (): string | null | undefined =>
  document.querySelector('.jp-mlops-SearchCount')?.textContent?.replace('+', '');

async function search(text: string): Promise<void> {
  await screen.findByRole('log');
  fireEvent.change(box(), { target: { value: text } });
}

test('backwards from the first match of a log one comes to its last, also when more is loaded on the way', async () => {
  server.log = longLog([0.97, 'needle one'], [0.99, 'needle two']);
  show();
  await search('needle');
  expect(place()).toBe('1 of 2');
  fireEvent.keyDown(box(), { key: 'Enter', shiftKey: true });
  await waitFor(() => expect(place()).toBe('2 of 2'));
});

test('a match that is found late is not gone to once something else is searched', async () => {
  server.log = longLog([0.1, 'needle'], [0.98, 'pin one'], [0.99, 'pin two']);
  show();
  await search('needle');
  let open = (): void => undefined;
  server.gate = new Promise(done => (open = done));
  fireEvent.keyDown(box(), { key: 'Enter', shiftKey: true });
  await search('pin');
  expect(place()).toBe('1 of 2');
  await act(async () => {
    server.gate = null;
    open();
    // What follows from the answer goes on at once.
    await new Promise(done => setTimeout(done));
  });
  expect(place()).toBe('1 of 2');
});

test('a search ends with its panel', async () => {
  server.log = longLog([0.1, 'needle']);
  const { unmount } = show();
  await search('missing');
  let open = (): void => undefined;
  server.gate = new Promise(done => (open = done));
  fireEvent.keyDown(box(), { key: 'Enter', shiftKey: true });
  unmount();
  const asked = server.asked.length;
  await act(async () => {
    open();
    await new Promise(done => setTimeout(done));
  });
  expect(server.asked.length).toBe(asked);
});

test('a log that could not be loaded can be tried again', async () => {
  server.log = 'one\n';
  server.failure = new Failure('unreachable', 'The server cannot be reached.');
  show();
  const note = await screen.findByRole('alert');
  server.failure = null;
  await userEvent.click(within(note).getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('one')).toBeTruthy();
  expect(screen.queryByRole('alert')).toBeNull();
});

test('a log that cannot be saved or copied says so', async () => {
  server.log = 'one\n';
  const told = vi.spyOn(Notification, 'error').mockReturnValue('');
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText: () => Promise.reject(new Error('denied')) } });
  show();
  await screen.findByText('one');
  server.failure = new Failure('unreachable', 'The server cannot be reached.');
  fireEvent.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() =>
    expect(told.mock.calls[0]?.[0]).toContain('The log was not saved. The server cannot be reached.')
  );
  fireEvent.click(screen.getByRole('button', { name: 'Copy' }));
  await waitFor(() => expect(told.mock.calls[1]?.[0]).toContain('The log was not copied.'));
});

test('what is copied is what is seen: of a progress bar its last state', async () => {
  server.log = 'one\n10%\r\u001b[32m100%\u001b[0m\n';
  const writeText = vi.fn(async () => undefined);
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } });
  show();
  await screen.findByText('one');
  fireEvent.click(screen.getByRole('button', { name: 'Copy' }));
  expect(await screen.findByText('Copied')).toBeTruthy();
  expect(writeText).toHaveBeenCalledWith('one\n100%');
});
