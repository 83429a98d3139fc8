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
import { listed, step, task } from '../samples/shapes';

const trans = nullTranslator.load('');

describe('TargetPicker', () => {
  const targets = [
    { name: 'local', missing: '', capabilities: [{ name: 'gpu', missing: 'this machine has none' }] },
    { name: 'kubernetes', missing: 'there is no kubeconfig', capabilities: [] }
  ];

  it('says what the chosen target cannot do, and why', () => {
    render(<TargetPicker targets={targets} chosen="local" cache trans={trans} onChange={vi.fn()} />);
    expect(screen.getByText(/this machine has none/)).toBeTruthy();
  });

  it('offers no target that is not there, and says why', () => {
    render(<TargetPicker targets={targets} chosen="local" cache trans={trans} onChange={vi.fn()} />);
    const other = screen.getByRole('option', { name: 'kubernetes (there is no kubeconfig)' }) as HTMLOptionElement;
    expect(other.disabled).toBe(true);
  });

  it('gives the chosen target', async () => {
    const choose = vi.fn();
    const both = targets.map(item => ({ ...item, missing: '' }));
    render(<TargetPicker targets={both} chosen="local" cache trans={trans} onChange={choose} />);
    await userEvent.selectOptions(screen.getByLabelText('Runs on'), 'kubernetes');
    expect(choose).toHaveBeenCalledWith({ target: 'kubernetes' });
    await userEvent.click(screen.getByRole('checkbox'));
    expect(choose).toHaveBeenCalledWith({ cache: false });
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
