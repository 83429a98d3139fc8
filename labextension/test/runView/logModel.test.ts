import { expect, test } from 'vitest';
import { Failure } from '../../src/api/failure';
import { LogModel, PIECE_BYTES, ReadLog } from '../../src/runView/logModel';

/** A server with one log, which may grow. */
class Server {
  log = '';
  asked: number[] = [];
  broken = false;
  read: ReadLog = async (start, limit) => {
    this.asked.push(start);
    if (this.broken) {
      throw new Failure('unreachable', 'The server cannot be reached.');
    }
    const first = start < 0 ? Math.max(0, this.log.length + start) : start;
    const end = Math.min(this.log.length, first + limit);
    return { text: this.log.slice(first, end), start: first, end, size: this.log.length };
  };
}

function bigLog(bytes: number): string {
  const lines: string[] = [];
  for (let size = 0, index = 0; size < bytes; index += 1) {
    lines.push(`line ${index}`);
    size += lines[index].length + 1;
  }
  return lines.join('\n') + '\n';
}

test('the end of a log is shown first, and what is before when it is asked for', async () => {
  const server = new Server();
  server.log = bigLog(3 * PIECE_BYTES);
  const log = new LogModel(server.read);
  await log.openEnd();
  expect([log.atStart, log.atEnd]).toEqual([false, true]);
  const seen = log.buffer.lines[10];
  await log.earlier();
  expect(log.buffer.lines[10 + log.shift]).toBe(seen);
  while (!log.atStart) {
    await log.earlier();
  }
  expect(log.buffer.lines[0]).toBe('line 0');
});

test('what is printed later is appended', async () => {
  const server = new Server();
  const log = new LogModel(server.read);
  await log.openEnd();
  expect([log.loaded, log.buffer.lines.length]).toEqual([true, 0]);
  server.log = 'one\ntwo';
  await log.later();
  server.log += ' and a half\n';
  await log.later();
  expect(log.buffer.lines).toEqual(['one', 'two and a half']);
});

test('a lost connection keeps what is there, and goes away', async () => {
  const server = new Server();
  server.log = 'one\n';
  const log = new LogModel(server.read);
  await log.openEnd();
  server.broken = true;
  await log.later();
  expect([log.failure?.code, log.buffer.lines]).toEqual(['unreachable', ['one']]);
  server.broken = false;
  await log.later();
  expect(log.failure).toBeNull();
});

test('two wishes at once are one request', async () => {
  const server = new Server();
  server.log = 'one\n';
  const log = new LogModel(server.read);
  await Promise.all([log.openEnd(), log.later()]);
  expect(server.asked).toHaveLength(1);
});

test('a search goes on in what is not loaded, and ends with the log', async () => {
  const server = new Server();
  server.log = 'needle\n' + bigLog(4 * PIECE_BYTES);
  const log = new LogModel(server.read);
  await log.openEnd();
  expect(await log.seek(false, () => log.buffer.lines.includes('needle'))).toBe(true);
  expect(await log.seek(false, () => log.buffer.lines.includes('nothing'))).toBe(false);
});

test('the whole log is saved, however long', async () => {
  const server = new Server();
  server.log = 'x\n'.repeat(4.5 * 1024 * 1024);
  const log = new LogModel(server.read);
  expect((await log.whole()).size).toBe(server.log.length);
});

test('a wish for the beginning is no answer to a look for news that is under way', async () => {
  const server = new Server();
  server.log = bigLog(3 * PIECE_BYTES);
  const log = new LogModel(server.read);
  await log.openEnd();
  await Promise.all([log.later(), log.openStart()]);
  expect([log.atStart, log.buffer.lines[0]]).toEqual([true, 'line 0']);
});

test('what is printed while news are under way is there after the last look', async () => {
  const server = new Server();
  server.log = 'one\n';
  const log = new LogModel(server.read);
  await log.openEnd();
  const look = log.later();
  server.log += 'the end\n';
  await Promise.all([look, log.catchUp()]);
  expect(log.buffer.lines).toEqual(['one', 'the end']);
});

test('what could not be loaded is loaded when it is tried again, in whatever direction', async () => {
  const server = new Server();
  server.log = bigLog(3 * PIECE_BYTES);
  const log = new LogModel(server.read);
  server.broken = true;
  await log.openEnd();
  server.broken = false;
  await log.again();
  expect([log.failure, log.atEnd]).toEqual([null, true]);
  server.broken = true;
  await log.earlier();
  server.broken = false;
  const before = log.buffer.lines.length;
  await log.again();
  expect([log.failure, log.buffer.lines.length > before]).toEqual([null, true]);
});
