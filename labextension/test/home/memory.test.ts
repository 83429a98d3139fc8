import { IStateDB, StateDB } from '@jupyterlab/statedb';
import { expect, it } from 'vitest';
import { HomeTabs } from '../../src/home/homeTabs';
import { Memory } from '../../src/home/memory';
import { HomeTab } from '../../src/tokens';

async function settled(memory: Memory): Promise<Memory> {
  await new Promise<void>(done => memory.changed.connect(() => done()));
  return memory;
}

it('columns and filters are known again the next time', async () => {
  const state: IStateDB = new StateDB();
  const memory = new Memory(state);
  memory.columns = { 'params.model': true };
  memory.use('a = 1');
  memory.use('b = 2');
  memory.use('a = 1');
  const again = await settled(new Memory(state));
  expect([again.columns, again.queries]).toEqual([{ 'params.model': true }, ['a = 1', 'b = 2']]);
});

it('what was kept in another form is passed over', async () => {
  const state: IStateDB = new StateDB();
  await state.save('jupyter-mlops:home', { columns: [1], queries: 'all' });
  const memory = await settled(new Memory(state));
  expect([memory.columns, memory.queries]).toEqual([{}, []]);
});

it('no more filters are kept than one looks through', () => {
  const memory = new Memory(null);
  Array.from({ length: 30 }, (_, number) => memory.use(`a = ${number}`));
  expect([memory.queries.length, memory.queries[0]]).toEqual([20, 'a = 29']);
});

it('tabs are in the order of their ranks, whenever they come, and go when they are disposed', () => {
  const tab = (id: string, rank: number): HomeTab => ({ id, rank, label: id }) as HomeTab;
  const tabs = new HomeTabs();
  let told = 0;
  tabs.changed.connect(() => (told += 1));
  tabs.add(tab('runs', 100));
  const models = tabs.add(tab('models', 200));
  tabs.add(tab('first', 1));
  expect(tabs.all.map(item => item.id)).toEqual(['first', 'runs', 'models']);
  models.dispose();
  models.dispose();
  expect([tabs.all.map(item => item.id), told]).toEqual([['first', 'runs'], 4]);
});
