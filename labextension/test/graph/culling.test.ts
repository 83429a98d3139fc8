import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pipeline } from './generated';
import { show } from './screen';

/** A view of this size, for jsdom that has no layout. */
function viewOf(width: number, height: number): void {
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(width);
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(height);
}

beforeEach(() => viewOf(600, 500));
afterEach(() => vi.restoreAllMocks());

// jsdom takes its time with thousands of elements, and more on a busy machine.
const PATIENT = { timeout: 60_000 };

describe('a graph of more than 500 steps', PATIENT, () => {
  it('has only what is in view in the document', () => {
    const { steps, root } = show(pipeline(1200));
    expect(steps()).toContain('s0');
    expect(steps().length).toBeGreaterThan(4);
    expect(steps().length).toBeLessThan(120);
    expect(root.querySelectorAll('[data-testid=mlops-edge]').length).toBeLessThan(300);
  });

  it('draws another part when it is scrolled, and keeps the step that has the focus', () => {
    const { root, steps, graph, focused } = show(pipeline(1200));
    graph.focus('s0');
    const scroll = root.querySelector<HTMLElement>('.jp-mlops-graph-scroll')!;
    const frames: FrameRequestCallback[] = [];
    vi.spyOn(window, 'requestAnimationFrame').mockImplementation(run => frames.push(run));
    scroll.scrollTop = 20000;
    scroll.dispatchEvent(new Event('scroll'));
    frames.forEach(run => run(0));
    expect(steps()).toContain('s0');
    expect(steps()).not.toContain('s3');
    expect(steps().length).toBeGreaterThan(4);
    expect(focused()).toBe('s0');
  });

  it('draws a step that is far away before it gives it the focus', () => {
    const { graph, focused, steps, press } = show(pipeline(1200));
    expect(steps()).not.toContain('s1100');
    graph.focus('s1100');
    expect(focused()).toBe('s1100');
    press('Home');
    expect(focused()).toBe('s0');
  });

  it('tells by the table all of it', () => {
    const { root } = show(pipeline(600), { view: 'table' });
    expect(root.querySelectorAll('tbody tr')).toHaveLength(600);
  });
});

describe('a graph of 500 steps', PATIENT, () => {
  it('is in the document as a whole', () => {
    expect(show(pipeline(500)).steps()).toHaveLength(500);
  });

  it('labels the edges of the chosen step, where all would be too many', () => {
    const { root, graph } = show(pipeline(500));
    const shown = (): Element[] => [...root.querySelectorAll('.jp-mlops-graph-label[visibility=visible]')];
    expect(shown()).toHaveLength(0);
    graph.select('s100');
    expect(shown().length).toBeGreaterThan(0);
    expect(shown().length).toBeLessThan(20);
  });
});
