import { fireEvent } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pipeline } from './generated';
import { type Screen, show } from './screen';

beforeEach(() => {
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(400);
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(300);
});
afterEach(() => vi.restoreAllMocks());

const parts = ({ root }: Screen) => ({
  picture: root.querySelector<SVGSVGElement>('.jp-mlops-graph-picture')!,
  scroll: root.querySelector<HTMLElement>('.jp-mlops-graph-scroll')!,
  button: (label: string) => root.querySelector<HTMLElement>(`[aria-label="${label}"]`)!
});
const width = (picture: Element): number => Number(picture.getAttribute('width'));

describe('the view of a graph', () => {
  it('zooms with the buttons and fits all', () => {
    const { picture, button } = parts(show(pipeline(40)));
    const before = width(picture);
    fireEvent.click(button('Zoom in'));
    expect(width(picture)).toBeGreaterThan(before);
    fireEvent.click(button('Zoom out'));
    expect(Math.abs(width(picture) - before)).toBeLessThanOrEqual(1);
    fireEvent.click(button('Fit'));
    expect(width(picture)).toBeLessThanOrEqual(400);
    expect(Number(picture.getAttribute('height'))).toBeLessThanOrEqual(300);
  });

  it('zooms with Ctrl and the wheel, and leaves the wheel alone otherwise', () => {
    const { picture, scroll } = parts(show(pipeline(40)));
    const before = width(picture);
    expect(fireEvent.wheel(scroll, { deltaY: -60 })).toBe(true);
    expect(width(picture)).toBe(before);
    expect(fireEvent.wheel(scroll, { deltaY: -60, ctrlKey: true })).toBe(false);
    expect(width(picture)).toBeGreaterThan(before);
  });

  it('is dragged by its ground, and not by a card', () => {
    const screen = show(pipeline(40));
    const { picture, scroll } = parts(screen);
    scroll.scrollTop = 100;
    const drag = (from: Element): void => {
      fireEvent(from, new MouseEvent('pointerdown', { bubbles: true, button: 0, clientX: 50, clientY: 50 }));
      fireEvent(window, new MouseEvent('pointermove', { clientX: 50, clientY: 20 }));
      fireEvent(window, new MouseEvent('pointerup'));
      fireEvent(window, new MouseEvent('pointermove', { clientX: 50, clientY: 500 }));
    };
    drag(screen.card('s0'));
    expect(scroll.scrollTop).toBe(100);
    drag(picture);
    expect(scroll.scrollTop).toBe(130);
    expect(scroll.classList.contains('jp-mod-dragging')).toBe(false);
  });

  it('keeps the chosen step when it is dragged; a press on the ground without a drag takes the choice away', () => {
    const onSelect = vi.fn();
    const screen = show(pipeline(40), { onSelect });
    const { picture } = parts(screen);
    screen.graph.select('s1');
    const press = (to: number): void => {
      fireEvent(picture, new MouseEvent('pointerdown', { bubbles: true, button: 0, clientX: 50, clientY: 50 }));
      fireEvent(window, new MouseEvent('pointermove', { clientX: 50, clientY: to }));
      fireEvent(window, new MouseEvent('pointerup'));
      fireEvent.click(picture);
    };
    press(20);
    expect([onSelect.mock.calls, screen.card('s1').getAttribute('aria-pressed')]).toEqual([[], 'true']);
    press(51);
    expect(onSelect.mock.calls).toEqual([[null]]);
  });

  it('begins with the first step in the middle, and never so small that it cannot be read', () => {
    const { picture, scroll } = parts(show(pipeline(40)));
    const zoom = width(picture) / Number(picture.getAttribute('viewBox')!.split(' ')[2]);
    expect(zoom).toBeGreaterThan(0.6);
    expect(scroll.scrollLeft).toBeGreaterThan(0);
  });

  it('scrolls no more than is needed to show a step', () => {
    const screen = show(pipeline(40));
    const { scroll } = parts(screen);
    screen.graph.focus('s35');
    const far = scroll.scrollTop;
    expect(far).toBeGreaterThan(0);
    screen.graph.focus('s35');
    expect(scroll.scrollTop).toBe(far);
  });
});
