import type { Box, Point } from './layout/geometry';
import { html } from './svg';

const SHOW_AFTER = 350;
const HIDE_AFTER = 140;
const LINES = 14;
/** Between a thing and its tip. */
const GAP = 8;

/** What a tip says: a heading and lines. */
export interface TipText {
  readonly heading: string;
  readonly lines: readonly string[];
}

/** A small card with more about what is pointed at or focused. It can be pointed at itself and closed with Escape. */
export class Tip {
  readonly element = html('div', 'jp-mlops-graph-tip', { role: 'tooltip', hidden: '' });
  private timer: number | undefined;

  constructor(
    private readonly more: (count: number) => string,
    signal: AbortSignal
  ) {
    this.element.addEventListener('pointerenter', () => this.keep(), { signal });
    this.element.addEventListener('pointerleave', () => this.hideSoon(), { signal });
    signal.addEventListener('abort', () => this.keep());
  }

  /** Shows something after a moment: a pointer that only passes by opens nothing. */
  soon(show: () => void): void {
    this.keep();
    this.timer = window.setTimeout(show, this.open ? 0 : SHOW_AFTER);
  }

  /** Shows a text beside or below a box of the element around it, within that element's bounds. */
  show(text: TipText, at: Box): void {
    this.keep();
    const shown = text.lines.slice(0, LINES);
    const rest = text.lines.length - shown.length;
    this.element.replaceChildren(
      html('div', 'jp-mlops-graph-tip-heading', {}, text.heading),
      ...shown.map(line => html('div', 'jp-mlops-graph-tip-line', {}, line)),
      ...(rest > 0 ? [html('div', 'jp-mlops-graph-tip-line', {}, this.more(rest))] : [])
    );
    this.element.hidden = false;
    const around = this.element.parentElement;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const [left, top] = placeBeside(at, width, height, around?.clientWidth ?? 0, around?.clientHeight ?? 0);
    this.element.style.left = `${left}px`;
    this.element.style.top = `${top}px`;
  }

  /** Whether it is open. */
  get open(): boolean {
    return !this.element.hidden;
  }

  /** Closes it after a moment: the pointer may be on its way to it. */
  hideSoon(): void {
    this.keep();
    this.timer = window.setTimeout(() => this.hide(), HIDE_AFTER);
  }

  /** Closes it. */
  hide(): void {
    this.keep();
    this.element.hidden = true;
  }

  private keep(): void {
    window.clearTimeout(this.timer);
  }
}

/** To the right of a box where there is room, so that what comes next stays in sight; else below it, else above. */
function placeBeside(at: Box, width: number, height: number, allWidth: number, allHeight: number): Point {
  const within = (wanted: number, size: number, all: number): number => Math.max(4, Math.min(wanted, all - size - 4));
  const right = at.x + at.width + GAP;
  if (at.width > 0 && right + width + 4 <= allWidth) {
    return [right, within(at.y, height, allHeight)];
  }
  const below = at.y + at.height + GAP;
  const above = at.y - height - GAP;
  const top = below + height + 4 > allHeight && above >= 4 ? above : within(below, height, allHeight);
  return [within(at.x + at.width / 2 - width / 2, width, allWidth), top];
}
