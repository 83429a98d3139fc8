import { Clipboard } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import * as React from 'react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Client } from '../../../src/api/client';
import { Finding } from '../../../src/api/shapes';
import { TargetsTab } from '../../../src/home/targets/TargetsTab';
import { TargetsModel } from '../../../src/home/targetsModel';
import { Targets } from '../../../src/model/targets';
import { Answer, FakeServer, WORDS } from '../../fakes/server';
import { target } from '../../samples/shapes';

const trans = nullTranslator.load('');
const FINDINGS: Finding[] = [
  { name: 'connection', state: 'ok', said: 'It is there.', hint: '' },
  { name: 'quota', state: 'failed', said: 'The quota is used up.', hint: 'Ask for more.' },
  { name: 'nodes', state: 'unknown', said: 'You may not see it here.', hint: '' }
];
const CLUSTER = target('kubernetes', {
  context: 'near',
  namespace: 'team',
  capabilities: [
    { name: 'pipelines', missing: '', unknown: '' },
    { name: 'gpu', missing: 'no node offers a GPU', unknown: '' },
    { name: 'queues', missing: '', unknown: 'it may not be asked' }
  ],
  settings: [
    { name: 'namespace', value: 'team', origin: 'kubeconfig' },
    { name: 'image', value: 'my/ml:1', origin: 'project' }
  ]
});

let fake: FakeServer;
let model: TargetsModel;
let answers: { [begin: string]: Answer | Promise<Answer> };

beforeEach(() => {
  fake = new FakeServer();
  answers = {
    'GET targets/contexts': {
      json: { contexts: [{ name: 'far', namespace: 'x', cluster: '', user: '', current: false }] }
    },
    'GET targets/kubernetes/rbac': {
      json: { yaml: 'kind: Role\n', purposes: ['run'], namespace: 'team', subject: 'user:ann' }
    },
    'POST targets/kubernetes/doctor': { json: { target: 'kubernetes', seconds: 0.04, findings: FINDINGS } },
    'GET targets?': {
      json: {
        targets: [CLUSTER, target('local')],
        default: 'local',
        purposes: { run: 'start runs', follow: 'see runs' }
      }
    }
  };
  fake.answer = what => answers[Object.keys(answers).find(begin => what.startsWith(begin)) ?? ''] ?? { status: 404 };
});

afterEach(() => {
  model.dispose();
  vi.restoreAllMocks();
});

async function show(): Promise<HTMLElement> {
  const client = new Client(fake.settings, WORDS);
  model = new TargetsModel('work', client, new Targets(client));
  const { container } = render(<TargetsTab model={model} trans={trans} />);
  await screen.findByRole('region', { name: 'Target kubernetes' });
  return container;
}

const card = (): ReturnType<typeof within> => within(screen.getByRole('region', { name: 'Target kubernetes' }));

it('says what each target can do, why not, and where its settings come from', async () => {
  await show();
  expect(card().getByText('no node offers a GPU')).toBeTruthy();
  expect(card().getByText('it may not be asked')).toBeTruthy();
  expect(card().getByText('my/ml:1').nextSibling?.textContent).toBe('jupyter_mlops.toml, [kubernetes]');
  expect(card().getByText('team').nextSibling?.textContent).toBe('kubeconfig');
});

it('says why nothing is known', async () => {
  answers = {};
  const client = new Client(fake.settings, WORDS);
  model = new TargetsModel('work', client, new Targets(client));
  render(<TargetsTab model={model} trans={trans} />);
  expect(await screen.findByRole('alert')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
});

it('shows that the doctor is at work, then each finding with its hint', async () => {
  let answer: (found: Answer) => void = () => undefined;
  const found = await answers['POST targets/kubernetes/doctor'];
  answers['POST targets/kubernetes/doctor'] = new Promise<Answer>(done => (answer = done));
  await show();
  await userEvent.click(card().getByRole('button', { name: 'Check' }));
  expect(await card().findByRole('progressbar')).toBeTruthy();
  answer(found);
  expect(await card().findByText('The quota is used up.')).toBeTruthy();
  expect(card().getByText('Ask for more.')).toBeTruthy();
  expect(card().getByText('1 bad · 1 unknown · 1 good, in 40 ms')).toBeTruthy();
  expect(card().getByRole('button', { name: 'Check again' })).toBeTruthy();
});

it('forgets what it found when one looks elsewhere', async () => {
  await show();
  await userEvent.click(card().getByRole('button', { name: 'Check' }));
  await card().findByText('The quota is used up.');
  await userEvent.selectOptions(screen.getByLabelText('Context'), await screen.findByRole('option', { name: 'far' }));
  await waitFor(() => expect(fake.asked.map(item => item.what)).toContain('GET targets?folder=work&context=far'));
  await waitFor(() => expect(screen.queryByText('The quota is used up.')).toBeNull());
});

it('gives the rights for the chosen purposes, to copy', async () => {
  const copied = vi.spyOn(Clipboard, 'copyToSystem').mockImplementation(() => undefined);
  await show();
  await userEvent.click(card().getByRole('checkbox', { name: /follow/ }));
  await userEvent.type(card().getByLabelText('For'), 'user:ann{Enter}');
  await userEvent.click(await card().findByRole('button', { name: 'Copy' }));
  expect(copied).toHaveBeenCalledWith('kind: Role\n');
  expect(card().getByText(/^Copied\./)).toBeTruthy();
  expect(fake.asked.map(item => item.what)).toContain(
    'GET targets/kubernetes/rbac?folder=work&purposes=run%2Cfollow&subject=user%3Aann'
  );
});

it('says what is wrong with the rights', async () => {
  answers['GET targets/kubernetes/rbac'] = { status: 400, json: { code: 'usage', message: 'No.', hint: 'Say who.' } };
  await show();
  await userEvent.click(card().getByRole('button', { name: 'Show rights' }));
  expect(await card().findByText('Say who.')).toBeTruthy();
});

it('can be used by everybody', async () => {
  const container = await show();
  await userEvent.click(card().getByRole('button', { name: 'Check' }));
  await userEvent.click(card().getByRole('button', { name: 'Show rights' }));
  await card().findByRole('button', { name: 'Copy' });
  const { violations } = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } });
  expect(violations.map(item => `${item.id}: ${item.nodes[0].html}`)).toEqual([]);
});
