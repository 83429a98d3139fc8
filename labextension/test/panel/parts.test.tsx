import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { describe, expect, it, vi } from 'vitest';
import { RecentRuns } from '../../src/panel/RecentRuns';
import { StepCard } from '../../src/panel/StepCard';
import { TargetPicker } from '../../src/panel/TargetPicker';
import { CommandIDs } from '../../src/tokens';
import { Target } from '../../src/api/shapes';
import { listed, step, target, task } from '../samples/shapes';

const trans = nullTranslator.load('');

describe('TargetPicker', () => {
  const here = target('local', { capabilities: [{ name: 'gpu', missing: 'this machine has none', unknown: '' }] });
  const gone = target('kubernetes', { missing: 'there is no kubeconfig', hint: 'Set KUBECONFIG.' });
  const there = target('kubernetes', { context: 'near', namespace: 'team' });
  const contexts = [{ name: 'far', namespace: 'other', cluster: 'https://far', user: '', current: false }];

  function show(targets: Target[], more: { target?: string; context?: string } = {}, fallback = 'local') {
    const known = { answer: { targets, default: fallback, purposes: {} }, failure: null, isAsking: false };
    const next = { target: '', context: '', namespace: '', cache: true, ...more };
    const [onChange, onTargets] = [vi.fn(), vi.fn()];
    render(<TargetPicker {...{ known, contexts, next, trans, onChange, onTargets }} />);
    return { onChange, onTargets };
  }

  it('says what the chosen target cannot do, and why', () => {
    show([here, gone]);
    expect(screen.getByText(/this machine has none/)).toBeTruthy();
  });

  it('offers no target that is not set up, says why, and shows the way', async () => {
    const { onTargets } = show([here, gone]);
    const other = screen.getByRole('option', { name: 'kubernetes (not set up)' }) as HTMLOptionElement;
    expect(other.disabled).toBe(true);
    expect(screen.getByText(/there is no kubeconfig Set KUBECONFIG\./)).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Set up targets…' }));
    expect(onTargets).toHaveBeenCalledOnce();
  });

  it('says a reason once that several have', () => {
    show([here, gone, { ...gone, name: 'argo' }, { ...gone, name: 'kfp', hint: 'Install it.' }]);
    const reasons = screen.getAllByText(/there is no kubeconfig/).map(item => item.textContent);
    expect(reasons).toEqual([
      'kubernetes, argo: there is no kubeconfig Set KUBECONFIG.',
      'kfp: there is no kubeconfig Install it.'
    ]);
  });

  it('says nothing of others to who has a cluster that works', () => {
    show([here, there, target('kfp', { missing: 'there is no Kubeflow Pipelines' })], {}, 'kubernetes');
    expect(screen.queryByText(/there is no Kubeflow Pipelines/)).toBeNull();
    expect(screen.getByRole('button', { name: 'Show targets' })).toBeTruthy();
  });

  it('takes a cluster without an image for one that is not set up', () => {
    show([here, { ...there, capabilities: [{ name: 'image', missing: 'no image is set', unknown: '' }] }]);
    expect(screen.getByText(/no image is set/)).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Set up targets…' })).toBeTruthy();
  });

  it('gives the chosen target', async () => {
    const { onChange } = show([here, there]);
    await userEvent.selectOptions(screen.getByLabelText('Runs on'), 'kubernetes');
    expect(onChange).toHaveBeenCalledWith({ target: 'kubernetes' });
    await userEvent.click(screen.getByRole('checkbox'));
    expect(onChange).toHaveBeenCalledWith({ cache: false });
    expect(screen.queryByLabelText('Context')).toBeNull();
  });

  it('asks where in a cluster, once the text is done', async () => {
    const { onChange } = show([here, there], {}, 'kubernetes');
    expect((screen.getByLabelText('Runs on') as HTMLSelectElement).value).toBe('kubernetes');
    await userEvent.selectOptions(screen.getByLabelText('Context'), 'far');
    expect(onChange).toHaveBeenCalledWith({ context: 'far' });
    const field = screen.getByLabelText('Namespace') as HTMLInputElement;
    expect(field.placeholder).toBe('team');
    await userEvent.type(field, 'mine');
    expect(onChange).toHaveBeenCalledTimes(1);
    await userEvent.keyboard('{Enter}');
    expect(onChange).toHaveBeenLastCalledWith({ namespace: 'mine' });
  });

  it('keeps a context that the kubeconfig has no more', () => {
    show([here, there], { target: 'kubernetes', context: 'old' });
    expect((screen.getByLabelText('Context') as HTMLSelectElement).value).toBe('old');
  });
});

describe('RecentRuns', () => {
  it('says what each run came to', () => {
    const runs = [listed('b', { metrics: { acc: 0.96503 } }), listed('a', { state: 'failed', reason: 'train failed' })];
    render(<RecentRuns runs={runs} now={400} trans={trans} onOpen={vi.fn()} onHome={vi.fn()} />);
    const rows = screen.getAllByRole('button').map(item => item.textContent);
    expect(rows[0]).toBe('✓succeededacc 0.9655.0 s · 5 min ago');
    expect(rows[1]).toContain('train failed');
  });

  it('opens a run, and all runs', async () => {
    const [open, home] = [vi.fn(), vi.fn()];
    const runs = [listed('b')];
    render(<RecentRuns runs={runs} now={400} trans={trans} onOpen={open} onHome={home} />);
    await userEvent.click(screen.getAllByRole('button')[0]);
    await userEvent.click(screen.getByRole('button', { name: 'All runs' }));
    expect(open).toHaveBeenCalledWith(runs[0]);
    expect(home).toHaveBeenCalledOnce();
  });
});

describe('StepCard', () => {
  function commands(): { registry: CommandRegistry; calls: unknown[] } {
    const registry = new CommandRegistry();
    const calls: unknown[] = [];
    for (const id of [CommandIDs.runFrom, CommandIDs.runOnly, CommandIDs.openRun]) {
      registry.addCommand(id, { label: id, execute: args => void calls.push([id, args]) });
    }
    return { registry, calls };
  }

  it('runs from the step, only the step, and opens its task in the last run', async () => {
    const { registry, calls } = commands();
    const last = { run: 'r1', folder: 'p.ipynb' };
    render(<StepCard step={step('train')} tasks={[task('train')]} run={last} commands={registry} trans={trans} />);
    for (const name of ['Run from here', 'Run only this', 'Log and outputs']) {
      await userEvent.click(screen.getByRole('button', { name }));
    }
    expect(calls).toEqual([
      [CommandIDs.runFrom, { step: 'train' }],
      [CommandIDs.runOnly, { step: 'train' }],
      [CommandIDs.openRun, { run: 'r1', folder: 'p.ipynb', task: 'train' }]
    ]);
  });

  it('says why a task waits', () => {
    const { registry } = commands();
    const tasks = [task('train[0]'), task('train[1]', { state: 'running', waiting: 'The quota is used up.' })];
    render(<StepCard step={step('train')} tasks={tasks} run={null} commands={registry} trans={trans} />);
    expect(screen.getByText('waits: The quota is used up.')).toBeTruthy();
  });

  it('shows the failed one of a loop’s tasks', () => {
    const error = {
      kind: 'ValueError',
      message: 'no data',
      hint: '',
      cell: 1,
      line: 1,
      cell_id: 'a',
      notebook: '',
      traceback: []
    };
    const tasks = [task('train[0]'), task('train[1]', { state: 'failed', error })];
    render(<StepCard step={step('train')} tasks={tasks} run={null} commands={commands().registry} trans={trans} />);
    expect(screen.getByText('failed')).toBeTruthy();
    expect(screen.getByText('no data')).toBeTruthy();
  });
});
