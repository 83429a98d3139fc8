import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { JSONObject } from '@lumino/coreutils';
import { beforeEach, describe, expect, it } from 'vitest';
import { Client } from '../../src/api/client';
import { Failure } from '../../src/api/failure';
import { Conversion } from '../../src/api/shapes';
import { PipelineModel } from '../../src/model/pipelineModel';
import { changeCells, convertNotebook } from '../../src/notebook/cellEdits';
import { withRole, withStep } from '../../src/notebook/metadata';
import { FakeCell, FakeNotebook } from '../fakes/cells';
import { analysisOf } from '../fakes/notebook';

const trans = nullTranslator.load('jupyter_mlops');
const FOUND: Conversion = {
  cells: [
    { cell: 0, id: 'a', metadata: { role: 'step', step: 'load' } },
    { cell: 1, id: 'b', metadata: { role: 'step', step: 'train', title: 'Train' } }
  ],
  metadata: null,
  notes: []
};

interface Scene {
  fake: FakeNotebook;
  pipeline: PipelineModel;
  client: Client;
  asked: unknown[];
}

function scene(origin: string, cells: FakeCell[], conversion: Conversion | Failure = FOUND): Scene {
  const fake = new FakeNotebook(cells);
  const asked: unknown[] = [];
  const step = { name: 'load', kind: 'step', cells: [0], after: [], inputs: [], outputs: [] };
  const pipeline = {
    path: 'work.ipynb',
    panel: { content: fake },
    analysis: analysisOf({ origin, steps: [step] }),
    refresh: async () => undefined
  } as unknown as PipelineModel;
  const client = {
    convert: async (_path: string, content: JSONObject) => {
      asked.push(content);
      if (conversion instanceof Failure) {
        throw conversion;
      }
      return conversion;
    }
  } as unknown as Client;
  return { fake, pipeline, client, asked };
}

const told = (): string[] => Notification.manager.notifications.map(item => item.message);

beforeEach(() => Notification.dismiss());

describe('a step that is set by hand', () => {
  it('changes the cells that were meant, and only those', async () => {
    const { fake, pipeline, client, asked } = scene('metadata', [
      { id: 'a', ours: { role: 'skip', cpu: 1 } },
      { id: 'b' }
    ]);
    expect(await changeCells(pipeline, ['a'], old => withStep(old, 'fit'), { client, trans, names: true })).toBe(true);
    expect(fake.ours).toEqual([{ role: 'step', step: 'fit', cpu: 1 }, undefined]);
    expect([asked.length, told()]).toEqual([0, []]);
  });

  it('writes down the others that were found, which would vanish, as one change with a way back', async () => {
    const { fake, pipeline, client } = scene('headings', [{ id: 'a' }, { id: 'b', ours: { cpu: 2 } }]);
    await changeCells(pipeline, ['b'], old => withStep(old, 'fit'), { client, trans, names: true });
    expect(fake.ours).toEqual([
      { role: 'step', step: 'load' },
      { role: 'step', step: 'fit', cpu: 2 }
    ]);
    const [notification] = Notification.manager.notifications;
    expect(notification.options.actions?.map(action => action.label)).toEqual(['Undo']);
    notification.options.actions?.[0].callback(new MouseEvent('click'));
    expect(fake.ours).toEqual([undefined, { cpu: 2 }]);
  });

  it('is written alone when the server does not answer', async () => {
    const { fake, pipeline, client } = scene('headings', [{ id: 'a' }, { id: 'b' }], new Failure('unreachable', 'No.'));
    await changeCells(pipeline, ['b'], old => withStep(old, 'fit'), { client, trans, names: true });
    expect(fake.ours).toEqual([undefined, { role: 'step', step: 'fit' }]);
  });
});

describe('a role that is set by hand', () => {
  it('leaves the steps that were found alone: it names none', async () => {
    const { fake, pipeline, client, asked } = scene('headings', [{ id: 'a' }, { id: 'b' }]);
    await changeCells(pipeline, ['a', 'b'], old => withRole(old, 'setup'), { client, trans, names: false });
    expect(fake.ours).toEqual([{ role: 'setup' }, { role: 'setup' }]);
    expect(asked).toEqual([]);
  });
});

describe('the conversion', () => {
  it('writes what was found, tells notes, and can be undone', async () => {
    const notes = ['cell 1: a tag has no counterpart'];
    const { fake, pipeline, client } = scene('kale', [{ id: 'a' }, { id: 'b' }], {
      ...FOUND,
      metadata: { pipeline: { name: 'p' } },
      notes
    });
    expect(await convertNotebook(pipeline, { client, trans })).toBe(true);
    expect(fake.ours[1]).toEqual({ role: 'step', step: 'train', title: 'Train' });
    expect(fake.oursOfNotebook).toEqual({ pipeline: { name: 'p' } });
    expect(told()[0]).toContain(notes[0]);
    Notification.manager.notifications[0].options.actions?.[0].callback(new MouseEvent('click'));
    expect([...fake.ours, fake.oursOfNotebook]).toEqual([undefined, undefined, undefined]);
  });

  it('says so when there is nothing to convert', async () => {
    const { pipeline, client } = scene('metadata', [{ id: 'a' }], { cells: [], metadata: null, notes: [] });
    expect(await convertNotebook(pipeline, { client, trans })).toBe(false);
    expect(told()[0]).toContain('nothing to convert');
  });

  it('says what went wrong, and the way out', async () => {
    const { fake, pipeline, client } = scene(
      'headings',
      [{ id: 'a' }],
      new Failure('x', 'It is not there.', 'Start it.')
    );
    expect(await convertNotebook(pipeline, { client, trans })).toBe(false);
    expect(told()[0]).toContain('It is not there. Start it.');
    expect(fake.ours).toEqual([undefined]);
  });
});
