import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';
import { Run, Task } from '../../src/api/shapes';
import { endingOf } from '../../src/home/ending';
import { StartedRuns } from '../../src/home/startedRuns';
import { isOver } from '../../src/model/runModel';
import { Runs } from '../../src/model/runs';
import { CommandIDs } from '../../src/tokens';

const trans = nullTranslator.load('');
const runOf = (given: Partial<Run>): Run =>
  ({ run: 'r', pipeline: 'wine', state: 'succeeded', seconds: 7.25, reason: '', tasks: [], ...given }) as Run;
const failedTask = { step: 'train', state: 'failed', reason: 'exit 1', error: { message: 'no such column' } } as Task;

describe('the end of a run', () => {
  it('tells how long it took', () => {
    expect(endingOf(runOf({}), trans)).toEqual({ kind: 'success', text: 'wine succeeded in 7.3 s.' });
  });

  it('tells the step that failed, and why', () => {
    const run = runOf({ state: 'failed', tasks: [failedTask] });
    expect(endingOf(run, trans)).toEqual({ kind: 'error', text: 'wine failed at step train: no such column' });
  });

  it('tells the reason of the run if no task failed', () => {
    const run = runOf({ state: 'failed', reason: 'the engine ended' });
    expect(endingOf(run, trans).text).toBe('wine failed: the engine ended');
  });

  it('tells that it was stopped', () => {
    expect(endingOf(runOf({ state: 'canceled' }), trans).kind).toBe('info');
  });
});

/** Runs that a test moves on by hand. */
function watched(): { runs: Runs; models: Map<string, Model> } {
  const models = new Map<string, Model>();
  const follow = (ref: Model['ref']): { model: Model; dispose: () => void } => {
    const model = models.get(ref.run) ?? new Model(ref);
    models.set(ref.run, model);
    return { model, dispose: () => (model.followed = false) };
  };
  return { runs: { follow } as unknown as Runs, models };
}

class Model {
  constructor(readonly ref: { run: string; folder: string }) {}
  readonly changed = new Signal<this, void>(this);
  run: Run | null = null;
  deleted = false;
  followed = true;
  get isOver(): boolean {
    return this.run !== null && isOver(this.run.state);
  }
  become(run: Partial<Run>): void {
    this.run = runOf(run);
    this.changed.emit();
  }
}

describe('runs that were started here', () => {
  const begin = async (id: string, answer: unknown): Promise<{ models: Map<string, Model>; ended: string[] }> => {
    const { runs, models } = watched();
    const commands = new CommandRegistry();
    commands.addCommand(id, { execute: () => answer });
    const started = new StartedRuns(runs, null, () => 'work/wine.ipynb');
    const ended: string[] = [];
    started.ended.connect((_, { run }) => void ended.push(run.state));
    started.listen(commands);
    await commands.execute(id, { run: 'r', folder: 'work' });
    await Promise.resolve();
    return { models, ended };
  };

  it('are heard of by the command that starts them, and told once when they end', async () => {
    const { models, ended } = await begin(CommandIDs.runNotebook, 'r');
    const model = models.get('r')!;
    expect(model.ref.folder).toBe('work/wine.ipynb');
    model.become({ state: 'running' });
    expect(ended).toEqual([]);
    model.become({ state: 'succeeded' });
    model.become({ state: 'succeeded' });
    expect([ended, model.followed]).toEqual([['succeeded'], false]);
  });

  it('are none if the run did not start', async () => {
    const { models } = await begin(CommandIDs.runNotebook, null);
    expect(models.size).toBe(0);
  });

  it('that go on are not told to have ended before', async () => {
    const { models, ended } = await begin(CommandIDs.retryRun, true);
    const model = models.get('r')!;
    model.become({ state: 'failed', seconds: 3 });
    expect(ended).toEqual([]);
    model.become({ state: 'running', seconds: null });
    model.become({ state: 'failed', seconds: 5 });
    expect(ended).toEqual(['failed']);
  });

  it('that are deleted are let go without a word', async () => {
    const { models, ended } = await begin(CommandIDs.runOnly, 'r');
    const model = models.get('r')!;
    model.deleted = true;
    model.changed.emit();
    expect([ended, model.followed]).toEqual([[], false]);
  });
});
