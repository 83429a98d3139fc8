import { afterEach, beforeEach, expect, it } from 'vitest';
import { Client } from '../../src/api/client';
import { EventStream } from '../../src/api/stream';
import { Runs } from '../../src/model/runs';
import { FakeServer, WORDS } from '../fakes/server';

let stream: EventStream;
let runs: Runs;

beforeEach(() => {
  const server = new FakeServer();
  server.answer = () => new Promise(() => undefined);
  stream = new EventStream(server.settings);
  runs = new Runs(new Client(server.settings, WORDS), stream);
});

afterEach(() => stream.dispose());

it('a run that two look at has one model, as long as one of them looks', () => {
  const first = runs.follow({ run: 'one', folder: '' });
  const second = runs.follow({ run: 'one', folder: 'work.ipynb' });
  expect(second.model).toBe(first.model);
  first.dispose();
  first.dispose();
  expect(second.model.isDisposed).toBe(false);
  second.dispose();
  expect(second.model.isDisposed).toBe(true);
  expect(second.isDisposed).toBe(true);
});

it('a run that somebody looks at again has a new model', () => {
  const first = runs.follow({ run: 'one', folder: '' });
  first.dispose();
  const again = runs.follow({ run: 'one', folder: '' });
  expect(again.model).not.toBe(first.model);
  expect(again.model.isDisposed).toBe(false);
  again.dispose();
});

it('other runs have other models', () => {
  const [one, two] = ['one', 'two'].map(run => runs.follow({ run, folder: '' }));
  one.dispose();
  expect(two.model.isDisposed).toBe(false);
  two.dispose();
});
