import { StateDB } from '@jupyterlab/statedb';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/api/failure';
import { Run, RunRef, RunState } from '../../src/api/shapes';
import { StartedRuns } from '../../src/home/startedRuns';
import { Followed, Runs } from '../../src/model/runs';
import { CommandIDs } from '../../src/tokens';
import { run } from '../samples/shapes';

/** A run that is followed, of which a test says what is known. */
class FakeModel {
  readonly changed = new Signal<this, void>(this);
  run: Run | null = null;
  failure: Failure | null = null;
  deleted = false;

  constructor(readonly ref: RunRef) {}

  get isOver(): boolean {
    return this.run !== null && this.run.state !== 'running';
  }

  becomes(state: RunState, seconds: number | null = null): void {
    this.run = run([], { run: this.ref.run, state, seconds });
    this.changed.emit();
  }
}

const KEY = 'jupyter-mlops:started-runs';
let state: StateDB;
let models: Map<string, FakeModel>;
let ended: string[];
let commands: CommandRegistry;

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) {
    await Promise.resolve();
  }
};
const kept = async (): Promise<unknown> => ((await state.fetch(KEY)) as { refs: unknown[] } | undefined)?.refs;

async function begin(): Promise<void> {
  models = new Map();
  ended = [];
  commands = new CommandRegistry();
  commands.addCommand(CommandIDs.runNotebook, { execute: args => args.run });
  commands.addCommand(CommandIDs.retryRun, { execute: () => true });
  const runs = {
    follow: (ref: RunRef) => {
      const model = new FakeModel(ref);
      models.set(ref.run, model);
      return { model, isDisposed: false, dispose: () => models.delete(ref.run) } as unknown as Followed;
    }
  } as unknown as Runs;
  const started = new StartedRuns(runs, state, () => 'work.ipynb');
  started.ended.connect((_, { ref, run: { state } }) => void ended.push(`${ref.run} ${state}`));
  started.listen(commands);
  await settled();
}

beforeEach(async () => {
  state = new StateDB();
  await begin();
});

describe('a run that was started here', () => {
  beforeEach(async () => {
    await commands.execute(CommandIDs.runNotebook, { run: 'r1' });
    await settled();
  });

  it('is followed until it is over, which is told once', () => {
    models.get('r1')?.becomes('running');
    models.get('r1')?.becomes('succeeded', 3);
    expect([ended, models.size]).toEqual([['r1 succeeded'], 0]);
  });

  it('is followed again after the page was loaded anew', async () => {
    await begin();
    expect(models.get('r1')?.ref).toEqual({ run: 'r1', folder: 'work.ipynb' });
    models.get('r1')?.becomes('failed', 1);
    expect(ended).toEqual(['r1 failed']);
  });

  it('is forgotten if it was deleted while the page was closed', async () => {
    await begin();
    const model = models.get('r1')!;
    model.failure = new Failure('not_found', 'There is no such run.', '', 404);
    model.changed.emit();
    expect([ended, models.size, await kept()]).toEqual([[], 0, []]);
  });

  it('stays while the server is not reached', async () => {
    await begin();
    const model = models.get('r1')!;
    model.failure = new Failure('unreachable', 'No server.');
    model.changed.emit();
    expect(models.size).toBe(1);
  });
});

it('a retry is told when it ends anew, not for what the run was before', async () => {
  await commands.execute(CommandIDs.retryRun, { run: 'r2', folder: 'a.ipynb' });
  await settled();
  models.get('r2')?.becomes('failed', 2);
  models.get('r2')?.becomes('running');
  expect(ended).toEqual([]);
  models.get('r2')?.becomes('succeeded', 5);
  expect(ended).toEqual(['r2 succeeded']);
});
