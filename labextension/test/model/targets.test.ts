import { beforeEach, expect, it } from 'vitest';
import { Client } from '../../src/api/client';
import { isCluster, Targets, whyNot } from '../../src/model/targets';
import { FakeServer, WORDS } from '../fakes/server';
import { target } from '../samples/shapes';

const HERE = { context: '', namespace: '' };

let fake: FakeServer;
let targets: Targets;
let changes: number;
let now: number;

beforeEach(() => {
  fake = new FakeServer();
  fake.answer = what => ({
    json: what.includes('contexts') ? { contexts: [] } : { targets: [target('local')], default: 'local', purposes: {} }
  });
  now = 1000;
  targets = new Targets(new Client(fake.settings, WORDS), () => now);
  changes = 0;
  targets.changed.connect(() => (changes += 1));
});

const settled = (): Promise<void> => new Promise(done => setTimeout(done));

it('asks once for all who look', async () => {
  expect(targets.of('a', HERE)).toMatchObject({ answer: null, isAsking: true });
  targets.of('a', HERE);
  await settled();
  expect(targets.of('a', HERE)).toMatchObject({ answer: { default: 'local' }, failure: null, isAsking: false });
  expect([fake.asked.map(item => item.what), changes]).toEqual([['GET targets?folder=a'], 1]);
});

it('asks for each project and place by itself', async () => {
  targets.of('a', HERE);
  targets.of('b', HERE);
  const next = { context: 'far', namespace: 'x', target: 'kubernetes', cache: true };
  targets.of('a', next);
  expect(targets.contexts.isAsking).toBe(true);
  await settled();
  expect(fake.asked.map(item => item.what)).toEqual([
    'GET targets?folder=a',
    'GET targets?folder=b',
    'GET targets?folder=a&context=far&namespace=x',
    'GET targets/contexts'
  ]);
  expect(targets.contexts.answer).toEqual([]);
});

it('asks again after some minutes, and keeps the old answer meanwhile', async () => {
  targets.of('a', HERE);
  await settled();
  now += 6 * 60_000;
  expect(targets.of('a', HERE)).toMatchObject({ answer: { default: 'local' }, isAsking: true });
});

it('asks again when told to, and says what went wrong', async () => {
  targets.of('a', HERE);
  await settled();
  fake.answer = () => ({ status: 503, json: { code: 'unavailable', message: 'No.', hint: 'Later.' } });
  targets.forget();
  expect(targets.of('a', HERE).isAsking).toBe(true);
  await settled();
  const { answer, failure } = targets.of('a', HERE);
  expect([answer?.default, failure?.hint]).toEqual(['local', 'Later.']);
});

it('knows what keeps a run from going somewhere', () => {
  const image = { name: 'image', missing: 'no image is set', unknown: '' };
  expect(whyNot(target('local'))).toBe('');
  expect(whyNot(target('kubernetes', { missing: 'no kubeconfig' }))).toBe('no kubeconfig');
  expect(whyNot(target('kubernetes', { capabilities: [image] }))).toBe('no image is set');
  expect(['local', 'kubernetes'].map(name => isCluster(target(name)))).toEqual([false, true]);
});
