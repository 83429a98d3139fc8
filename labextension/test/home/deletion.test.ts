import { expect, it } from 'vitest';
import { Client } from '../../src/api/client';
import { Failure } from '../../src/api/failure';
import { RunRef } from '../../src/api/shapes';
import { Deletion } from '../../src/home/deletion';

function deletionOf(failures: { [run: string]: Failure }): { deletion: Deletion; gone: string[]; seen: string[] } {
  const client = {
    delete: async ({ run }: RunRef) => {
      if (failures[run]) {
        throw failures[run];
      }
    }
  } as unknown as Client;
  const deletion = new Deletion(client);
  const gone: string[] = [];
  const seen: string[] = [];
  deletion.deleted.connect((_, run) => void gone.push(run));
  deletion.changed.connect(() => void seen.push(deletion.progress ? `${deletion.progress.done}` : 'over'));
  return { deletion, gone, seen };
}

it('runs are deleted one after the other, and each is told', async () => {
  const { deletion, gone, seen } = deletionOf({});
  await deletion.start('work', ['a', 'b']);
  expect([deletion.folder, gone, seen]).toEqual(['work', ['a', 'b'], ['0', '1', 'over']]);
});

it('what cannot be deleted is kept with the reason, and the others are deleted', async () => {
  const failure = new Failure('busy', 'The run is running.', 'Stop it first.', 409);
  const { deletion, gone } = deletionOf({ a: failure });
  await deletion.start('', ['a', 'b']);
  expect([deletion.left, gone]).toEqual([[{ run: 'a', failure }], ['b']]);
  deletion.dismiss();
  expect(deletion.left).toEqual([]);
});

it('what somebody else has deleted counts as deleted', async () => {
  const { deletion, gone } = deletionOf({ a: new Failure('not_found', 'There is no run a.', '', 404) });
  await deletion.start('', ['a']);
  expect([deletion.left, gone]).toEqual([[], ['a']]);
});
