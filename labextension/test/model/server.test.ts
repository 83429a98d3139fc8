import { beforeEach, expect, it } from 'vitest';
import { Client } from '../../src/api/client';
import { API_VERSION, Server } from '../../src/model/server';
import { FakeServer, WORDS } from '../fakes/server';

let fake: FakeServer;
let server: Server;
let changes: number;

beforeEach(() => {
  fake = new FakeServer();
  server = new Server(new Client(fake.settings, WORDS));
  changes = 0;
  server.changed.connect(() => (changes += 1));
});

function answer(api: number): void {
  fake.answer = () => ({ json: { api, version: '1.2' } });
}

it('says who answers', async () => {
  answer(API_VERSION);
  expect([server.health, server.failure, server.isOther]).toEqual([null, null, false]);
  await server.refresh();
  expect(server.health?.version).toBe('1.2');
  expect([server.failure, server.isOther, changes]).toEqual([null, false, 1]);
});

it('tells a server of another version', async () => {
  answer(API_VERSION + 1);
  await server.refresh();
  expect([server.isOther, server.failure]).toEqual([true, null]);
  expect(fake.asked.map(item => item.what)).toEqual(['GET health']);
});

it('says that there is no such part, and that it is there after all', async () => {
  fake.answer = () => ({ status: 404, text: '' });
  await server.refresh();
  expect(server.failure?.code).toBe('missing');
  answer(API_VERSION);
  await server.refresh();
  expect([server.failure, changes]).toEqual([null, 2]);
});
