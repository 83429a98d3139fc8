import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { beforeEach, expect, it } from 'vitest';
import { Client } from '../../src/api/client';
import { EventStream } from '../../src/api/stream';
import { Pipelines } from '../../src/model/pipelines';
import { Runs } from '../../src/model/runs';
import { CONTENTS, FakePanel } from '../fakes/notebook';
import { FakeServer, WORDS } from '../fakes/server';

class FakeTracker {
  currentWidget: NotebookPanel | null = null;
  readonly currentChanged = new Signal<this, NotebookPanel | null>(this);

  show(panel: NotebookPanel | null): void {
    this.currentWidget = panel;
    this.currentChanged.emit(panel);
  }
}

let tracker: FakeTracker;
let pipelines: Pipelines;

beforeEach(() => {
  const { settings } = new FakeServer();
  const client = new Client(settings, WORDS);
  const stream = new EventStream(settings);
  tracker = new FakeTracker();
  pipelines = new Pipelines(tracker as unknown as INotebookTracker, {
    client,
    stream,
    runs: new Runs(client, stream),
    memory: null,
    contents: CONTENTS
  });
});

it('the current notebook is the current pipeline', () => {
  expect(pipelines.current).toBeNull();
  let changes = 0;
  pipelines.currentChanged.connect(() => (changes += 1));
  const { panel } = new FakePanel('a.ipynb');
  tracker.show(panel);
  expect(pipelines.current?.path).toBe('a.ipynb');
  tracker.show(null);
  expect([pipelines.current, changes]).toEqual([null, 2]);
});

it('a notebook has one pipeline until it is closed', () => {
  const fake = new FakePanel();
  const made = pipelines.of(fake.panel);
  expect(pipelines.of(fake.panel)).toBe(made);
  fake.disposed.emit();
  expect(pipelines.of(fake.panel)).not.toBe(made);
});

it('two notebooks have two pipelines', () => {
  const [one, two] = [new FakePanel('a.ipynb'), new FakePanel('b.ipynb')].map(item => pipelines.of(item.panel));
  expect([one.path, two.path]).toEqual(['a.ipynb', 'b.ipynb']);
});
