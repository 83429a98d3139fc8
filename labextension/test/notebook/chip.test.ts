import { describe, expect, it } from 'vitest';
import { Chip } from '../../src/notebook/chip';
import { ChipContent } from '../../src/notebook/chipContent';

const content: ChipContent = {
  role: 'step',
  step: 'train',
  state: 'failed',
  icon: '✗',
  label: 'train',
  word: 'failed',
  follows: false,
  severity: 'error',
  problems: 2,
  tooltip: 'Step train\nLast run: failed'
};

function chip(shown: Partial<ChipContent> = {}, onOpen: () => void = () => undefined): Chip {
  const made = new Chip(onOpen);
  made.show({ ...content, ...shown });
  return made;
}

describe("a chip's element", () => {
  it('is a button that says all of it to a screen reader', () => {
    const { node } = chip();
    expect(node.tagName).toBe('BUTTON');
    expect(node.getAttribute('aria-label')).toBe('Step train. Last run: failed');
    expect(node.textContent).toBe('✗trainfailed✖ 2');
    expect({ ...node.dataset }).toMatchObject({ testid: 'mlops-chip', role: 'step', step: 'train', state: 'failed' });
  });

  it('shows what comes from a notebook as text', () => {
    const { node } = chip({ label: '<img src=x onerror=alert(1)>' });
    expect(node.querySelector('img')).toBeNull();
    expect(node.textContent).toContain('<img');
  });

  it('is not touched when nothing changed', () => {
    const made = chip();
    const changes: MutationRecord[] = [];
    const observer = new MutationObserver(() => undefined);
    observer.observe(made.node, { attributes: true, childList: true, subtree: true, characterData: true });
    expect(made.show({ ...content })).toBe(false);
    changes.push(...observer.takeRecords());
    expect(changes).toEqual([]);
    expect(made.show({ ...content, state: 'running', icon: '▶' })).toBe(true);
    expect(made.node.dataset.state).toBe('running');
  });

  it('forgets the state and the problems that are over', () => {
    const made = chip();
    made.show({ ...content, state: '', icon: '', word: '', severity: '', problems: 0 });
    expect(made.node.className).toBe('jp-mlops-Chip jp-mlops-mod-step');
    expect(made.node.textContent).toBe('train');
  });

  it('opens on a click, which the notebook does not see', () => {
    let opened = 0;
    let seen = 0;
    const made = chip({}, () => (opened += 1));
    const cell = document.createElement('div');
    cell.append(made.node);
    for (const type of ['mousedown', 'click', 'dblclick']) {
      cell.addEventListener(type, () => (seen += 1));
      made.node.dispatchEvent(new MouseEvent(type, { bubbles: true }));
    }
    expect([opened, seen]).toEqual([1, 0]);
  });

  it('is a stop of the Tab key only where it was said', () => {
    const made = chip();
    expect(made.node.tabIndex).toBe(-1);
    made.isStop = true;
    expect(made.node.tabIndex).toBe(0);
  });
});
