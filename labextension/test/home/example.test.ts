import { Contents } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { JSONObject } from '@lumino/coreutils';
import { expect, it } from 'vitest';
import { makeExample } from '../../src/home/example';

function contentsWith(taken: boolean): { contents: Contents.IManager; saved: { [path: string]: JSONObject } } {
  const saved: { [path: string]: JSONObject } = {};
  const contents = {
    newUntitled: async ({ path }: { path: string }) => ({ path: `${path}/Untitled.ipynb` }),
    save: async (path: string, { content }: { content: JSONObject }) => void (saved[path] = content),
    rename: async (_: string, path: string) => {
      if (taken) {
        throw new Error('exists');
      }
      return { path };
    }
  } as unknown as Contents.IManager;
  return { contents, saved };
}

it('an example has three steps by its headings, parameters, and cells with ids of their own', async () => {
  const { contents, saved } = contentsWith(false);
  const path = await makeExample(contents, 'work', nullTranslator.load(''));
  expect(path).toBe('work/first_pipeline.ipynb');
  const cells = saved['work/Untitled.ipynb'].cells as JSONObject[];
  expect(cells.filter(cell => String(cell.source).startsWith('## ')).length).toBe(3);
  expect(cells[1].metadata).toEqual({ tags: ['parameters'] });
  const ids = cells.map(cell => String(cell.id));
  expect(new Set(ids).size).toBe(cells.length);
  expect(ids.every(id => /^[A-Za-z0-9-]{1,64}$/.test(id))).toBe(true);
});

it('a second example keeps the name that it was made with', async () => {
  const { contents } = contentsWith(true);
  expect(await makeExample(contents, 'work', nullTranslator.load(''))).toBe('work/Untitled.ipynb');
});
