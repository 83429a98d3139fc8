import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { act, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/api/failure';
import { Home } from '../../src/home/home';
import { HomeModel } from '../../src/home/homeModel';
import { HomeTabs } from '../../src/home/homeTabs';
import { Places } from '../../src/home/places';
import { HomeTab, IMLOps } from '../../src/tokens';

class FakePlaces {
  readonly changed = new Signal<this, void>(this);
  current = 'a';
  all = ['a', ''];
}

class FakeServer {
  readonly changed = new Signal<this, void>(this);
  failure: Failure | null = null;
  isOther = false;
  health = { api: 1, version: '1' };
}

let tabs: HomeTabs;
let places: FakePlaces;
let server: FakeServer;
let made: string[];
let home: Home;

const tab = (id: string, rank: number): HomeTab => ({
  id,
  label: id,
  rank,
  create: folder => {
    const widget = new Widget();
    made.push(`${id} ${folder}`);
    widget.node.textContent = `${id} of ${folder}`;
    widget.disposed.connect(() => made.push(`end of ${id} ${folder}`));
    return widget;
  }
});
/** Let what was asked to be drawn be drawn. */
const drawn = (): Promise<void> =>
  act(async () => {
    await new Promise(done => requestAnimationFrame(done));
    MessageLoop.flush();
  });
const labels = (): (string | null)[] => screen.queryAllByRole('tab').map(item => item.textContent);

beforeEach(async () => {
  made = [];
  tabs = new HomeTabs();
  places = new FakePlaces();
  server = new FakeServer();
  tabs.add(tab('runs', 100));
  const trans = nullTranslator.load('');
  const stream = { connected: true, connectedChanged: new Signal({}) };
  const mlops = { server, stream, trans } as unknown as IMLOps;
  home = new Home(new HomeModel(tabs, places as unknown as Places, null), mlops);
  Widget.attach(home, document.body);
  MessageLoop.flush();
  await drawn();
});

afterEach(() => home.dispose());

describe('the home view', () => {
  it('shows the first tab of the project where one works', () => {
    expect([labels(), made]).toEqual([['runs'], ['runs a']]);
    expect(screen.getByText('runs of a').getAttribute('role')).toBe('tabpanel');
  });

  it('takes tabs that come while it is open, by rank, and lets them go again', async () => {
    const models = tabs.add(tab('models', 50));
    await drawn();
    expect(labels()).toEqual(['models', 'runs']);
    home.model.open('models');
    await drawn();
    models.dispose();
    await drawn();
    expect([labels(), made[made.length - 1]]).toEqual([['runs'], 'end of models a']);
  });

  it('keeps what a tab shows while another is open', () => {
    tabs.add(tab('models', 200));
    home.model.open('models');
    home.model.open('runs');
    expect(made).toEqual(['runs a', 'models a']);
  });

  it('shows another project when one goes to work there, unless one was chosen', () => {
    places.current = 'b';
    places.changed.emit();
    home.model.chosen = 'c';
    places.current = 'd';
    places.changed.emit();
    expect(made).toEqual(['runs a', 'end of runs a', 'runs b', 'end of runs b', 'runs c']);
  });

  it('shows why there is no server instead of the tabs, and begins anew when there is one', async () => {
    server.failure = new Failure('missing', 'The server has no MLOps part.');
    server.changed.emit();
    await drawn();
    expect(screen.getByRole('alert').textContent).toContain('no MLOps part');
    expect(screen.queryByText('runs of a')?.classList.contains('lm-mod-hidden')).toBe(true);
    server.failure = null;
    server.changed.emit();
    expect(made).toEqual(['runs a', 'end of runs a', 'runs a']);
  });

  it('ends with all its tabs', () => {
    home.dispose();
    expect(made).toEqual(['runs a', 'end of runs a']);
    tabs.add(tab('late', 1));
    expect(made.length).toBe(2);
  });
});
