import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { render, screen } from '@testing-library/react';
import axe from 'axe-core';
import * as React from 'react';
import { describe, expect, it } from 'vitest';
import { Client } from '../../src/api/client';
import { Pods, Use } from '../../src/api/shapes';
import { chartOf, peakText } from '../../src/runView/amounts';
import { PodsPanel } from '../../src/runView/PodsPanel';
import { UsePanel } from '../../src/runView/UsePanel';
import { taskOf } from './made';

const trans = nullTranslator.load('');
const GIB = 1024 ** 3;
const WORDS = { cores: 'cores', used: 'used', request: 'request', limit: 'limit' };
const USE: Use = {
  task: 'train',
  attempt: 1,
  points: [
    { at: 10, cpu: 0.5, memory: GIB },
    { at: 12, cpu: 1.5, memory: 1.5 * GIB },
    { at: 14, cpu: 1, memory: 0.5 * GIB }
  ],
  cpu_seconds: 5,
  peak_cpu: 1.5,
  peak_memory: 1.5 * GIB,
  request: { cpu: 1, memory: 2 * GIB },
  limit: { cpu: 64, memory: 4 * GIB }
};
const PODS: Pods = {
  task: 'train',
  attempt: 1,
  target: 'kubernetes',
  waiting: 'No node has room for it.',
  pods: [
    {
      pod: 'train-1',
      node: 'n1',
      phase: 'Pending',
      state: 'waiting',
      reason: 'ImagePullBackOff',
      message: 'no such image',
      image: 'my/ml:1',
      requests: { cpu: '500m' },
      limits: {},
      restarts: 2,
      exit_code: null,
      first: 10,
      at: 20
    }
  ],
  events: [
    {
      object: 'Pod',
      name: 'train-1',
      type: 'Warning',
      reason: 'Failed',
      message: 'It is not there.',
      count: 3,
      first: 10,
      last: 20
    }
  ]
};

function services(answers: Partial<{ use: Use; pods: Pods }>) {
  const client = { use: async () => answers.use, pods: async () => answers.pods } as unknown as Client;
  return { client, ref: { run: 'r', folder: '' }, commands: new CommandRegistry(), rendermime: null, trans };
}

describe('what a task used', () => {
  it('is drawn in a unit that fits, with lines for what was asked for and allowed', () => {
    const { unit, series } = chartOf(USE, 'memory', WORDS);
    expect(unit).toBe('GiB');
    expect(series.map(item => [item.name, item.points.map(point => point.y)])).toEqual([
      ['used', [1, 1.5, 0.5]],
      ['limit', [4, 4]],
      ['request', [2, 2]]
    ]);
  });

  it('is not flattened by a limit that is far away', () => {
    expect(chartOf(USE, 'cpu', WORDS).series.map(item => item.name)).toEqual(['used', 'request']);
  });

  it('is told by its peaks, and drawn', async () => {
    const props = { services: services({ use: USE }), task: taskOf('train'), version: '', isLive: false };
    const { container } = render(<UsePanel {...props} />);
    expect(await screen.findByText('1.5 GiB')).toBeTruthy();
    expect(screen.getByText('4.0 GiB')).toBeTruthy();
    expect(screen.getAllByRole('img')).toHaveLength(2);
    const { violations } = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } });
    expect(violations.map(item => item.id)).toEqual([]);
  });

  it('may not be known', async () => {
    const empty = { ...USE, points: [], peak_cpu: null, peak_memory: null };
    render(<UsePanel services={services({ use: empty })} task={taskOf('train')} version="" isLive={false} />);
    expect(await screen.findByText('What it used is not known.')).toBeTruthy();
  });

  it('is told in a few words', () => {
    const words = (peak_memory: number | null, memory_limit: number | null) =>
      peakText(taskOf('a', { peak_memory, memory_limit }), trans);
    expect([words(1.5 * GIB, 4 * GIB), words(GIB, null), words(null, GIB)]).toEqual([
      '1.5 GiB of 4.0 GiB',
      '1.0 GiB',
      ''
    ]);
  });
});

describe('the pods of a task', () => {
  it('tell where it is, why it waits, and what the cluster said', async () => {
    const { container } = render(<PodsPanel services={services({ pods: PODS })} task={taskOf('train')} version="" />);
    expect(await screen.findByText('No node has room for it.')).toBeTruthy();
    for (const text of ['n1', 'my/ml:1', 'cpu 500m', 'ImagePullBackOff: no such image', 'It is not there.']) {
      expect(screen.getByText(text)).toBeTruthy();
    }
    const { violations } = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } });
    expect(violations.map(item => `${item.id}: ${item.nodes[0].html}`)).toEqual([]);
  });

  it('may not have been seen', async () => {
    const none = { ...PODS, waiting: '', pods: [], events: [] };
    render(<PodsPanel services={services({ pods: none })} task={taskOf('train')} version="" />);
    expect(await screen.findByText('No pod of this task was seen.')).toBeTruthy();
  });
});
