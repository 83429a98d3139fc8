import type { Box, Orientation } from './layout/geometry';
import { set } from './svg';

const SMALLEST = 0.1;
const LARGEST = 2.5;
/** Smaller than this nothing can be read: a wide graph is scrolled instead. */
const READABLE = 0.62;
const MARGIN = 22;
/** A hand is not steady: less than this, in pixels, is a press and no drag. */
const STEADY = 4;
/** What is taken for the view where the browser has no size yet. */
const UNKNOWN = { width: 1200, height: 800 };

/** How the zoom follows the size of the view: each rank in view, all in view, or as the reader set it. */
type Mode = 'rank' | 'all' | 'free';

/**
 * What part of a drawing is seen. Panning is the scrolling of `scroll`, so a wheel does what it does elsewhere;
 * with Ctrl or Command it zooms. Dragging the empty ground moves the drawing too.
 */
export class Camera {
  private zoom = 1;
  private mode: Mode = 'rank';
  private size = { width: 0, height: 0 };
  private frame = 0;
  private start: { readonly x: number; readonly y: number } | undefined;
  private moved = false;
  private dragged = false;

  constructor(
    private readonly scroll: HTMLElement,
    private readonly picture: SVGSVGElement,
    private readonly orientation: Orientation,
    private readonly onView: () => void,
    private readonly signal: AbortSignal
  ) {
    scroll.addEventListener('wheel', event => this.wheel(event), { passive: false, signal });
    scroll.addEventListener('scroll', () => this.later(), { passive: true, signal });
    scroll.addEventListener('pointerdown', event => this.drag(event), { signal });
    scroll.addEventListener('click', event => this.clicked(event), { capture: true, signal });
    for (const type of ['wheel', 'pointerdown', 'keydown']) {
      scroll.addEventListener(type, () => (this.moved = true), { passive: true, signal });
    }
    if (typeof ResizeObserver !== 'undefined') {
      const observer = new ResizeObserver(() => this.resized());
      observer.observe(scroll);
      signal.addEventListener('abort', () => observer.disconnect());
    }
    signal.addEventListener('abort', () => cancelAnimationFrame(this.frame));
  }

  /** The size of the drawing, without margins, and where it begins. */
  setSize(width: number, height: number, start?: Box): void {
    this.start = start && { x: start.x + start.width / 2, y: start.y + start.height / 2 };
    this.size = { width: width + 2 * MARGIN, height: height + 2 * MARGIN };
    set(this.picture, { viewBox: `${-MARGIN} ${-MARGIN} ${this.size.width} ${this.size.height}` });
    this.resized();
  }

  /** Zooms by a factor; the point of the view at (x, y) stays where it is, its middle if none is given. */
  zoomBy(factor: number, at?: { readonly x: number; readonly y: number }): void {
    this.mode = 'free';
    const { width, height } = this.viewSize();
    const { x, y } = at ?? { x: width / 2, y: height / 2 };
    const before = this.zoom;
    const { scrollLeft, scrollTop } = this.scroll;
    this.apply(this.zoom * factor);
    const grown = this.zoom / before;
    this.scroll.scrollLeft = (scrollLeft + x) * grown - x;
    this.scroll.scrollTop = (scrollTop + y) * grown - y;
    this.later();
  }

  /** Shows the whole drawing. */
  fit(): void {
    this.mode = 'all';
    this.resized();
  }

  /** The part that is seen, in the drawing's pixels. */
  view(): Box {
    const { width, height } = this.viewSize();
    return {
      x: this.scroll.scrollLeft / this.zoom - MARGIN,
      y: this.scroll.scrollTop / this.zoom - MARGIN,
      width: width / this.zoom,
      height: height / this.zoom
    };
  }

  /** Scrolls as little as is needed to see a box. */
  reveal(box: Box): void {
    const view = this.view();
    const space = 16;
    this.moved = true;
    const shift = (low: number, length: number, from: number, span: number): number =>
      low - space < from
        ? low - space - from
        : Math.max(0, Math.min(low + length + space - (from + span), low - space - from));
    this.scroll.scrollLeft += shift(box.x, box.width, view.x, view.width) * this.zoom;
    this.scroll.scrollTop += shift(box.y, box.height, view.y, view.height) * this.zoom;
    this.onView();
  }

  /** Where a box of the drawing is, measured from the upper left corner of the scrolled element. */
  onScreen(box: Box): Box {
    const [own, shown] = [this.picture.getBoundingClientRect(), this.scroll.getBoundingClientRect()];
    return {
      x: own.left - shown.left + (box.x + MARGIN) * this.zoom,
      y: own.top - shown.top + (box.y + MARGIN) * this.zoom,
      width: box.width * this.zoom,
      height: box.height * this.zoom
    };
  }

  private viewSize(): { width: number; height: number } {
    const { clientWidth, clientHeight } = this.scroll;
    return { width: clientWidth || UNKNOWN.width, height: clientHeight || UNKNOWN.height };
  }

  private resized(): void {
    const view = this.viewSize();
    const wide = view.width / Math.max(this.size.width, 1);
    const high = view.height / Math.max(this.size.height, 1);
    if (this.mode === 'rank') {
      this.apply(Math.min(1, Math.max(READABLE, this.orientation === 'down' ? wide : high)));
      this.showStart();
    } else if (this.mode === 'all') {
      this.apply(Math.min(1, wide, high));
    } else {
      this.apply(this.zoom);
    }
    this.later();
  }

  /** Until the reader has moved it, the drawing is where its first step is in the middle. */
  private showStart(): void {
    const { width, height } = this.viewSize();
    if (!this.start || this.moved) {
      return;
    }
    const { x, y } = this.start;
    this.scroll.scrollLeft = this.orientation === 'down' ? (x + MARGIN) * this.zoom - width / 2 : 0;
    this.scroll.scrollTop = this.orientation === 'down' ? 0 : (y + MARGIN) * this.zoom - height / 2;
  }

  private apply(zoom: number): void {
    this.zoom = Math.min(LARGEST, Math.max(SMALLEST, zoom));
    // Whole pixels, and never a fraction more than the view: that would bring a scroll bar.
    set(this.picture, {
      width: Math.floor(this.size.width * this.zoom),
      height: Math.floor(this.size.height * this.zoom)
    });
  }

  /** Tells once a frame that another part is seen. */
  private later(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.onView());
  }

  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) {
      return;
    }
    event.preventDefault();
    const { left, top } = this.scroll.getBoundingClientRect();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const factor = Math.exp(-Math.max(-60, Math.min(60, event.deltaY * lines)) * 0.005);
    this.zoomBy(factor, { x: event.clientX - left, y: event.clientY - top });
  }

  /** The browser's click at the end of a drag is none of the reader's: it would take the choice away. */
  private clicked(event: MouseEvent): void {
    if (this.dragged) {
      this.dragged = false;
      event.stopPropagation();
    }
  }

  private drag(event: PointerEvent): void {
    const ground = event.target === this.picture || event.target === this.scroll;
    this.dragged = false;
    if (event.pointerType === 'touch' || !(event.button === 1 || (event.button === 0 && ground))) {
      return;
    }
    const over = new AbortController();
    const { clientX, clientY } = event;
    const { scrollLeft, scrollTop } = this.scroll;
    const stop = (): void => {
      over.abort();
      this.scroll.classList.remove('jp-mod-dragging');
    };
    const move = (to: PointerEvent): void => {
      this.dragged = this.dragged || Math.hypot(to.clientX - clientX, to.clientY - clientY) >= STEADY;
      this.scroll.classList.add('jp-mod-dragging');
      this.scroll.scrollLeft = scrollLeft - (to.clientX - clientX);
      this.scroll.scrollTop = scrollTop - (to.clientY - clientY);
    };
    window.addEventListener('pointermove', move, { signal: over.signal });
    window.addEventListener('pointerup', stop, { signal: over.signal });
    window.addEventListener('pointercancel', stop, { signal: over.signal });
    this.signal.addEventListener('abort', stop, { signal: over.signal });
  }
}
