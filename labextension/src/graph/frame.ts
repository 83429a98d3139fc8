import type { Box } from './layout/geometry';
import { fitting, textWidth } from './measure';
import { set, setText, svg } from './svg';
import type { Translate } from './words';

const SIZE = 12;

/** The frame around a group; its title is a button that closes it. */
export class Frame {
  readonly element = svg('g', { class: 'jp-mlops-graph-group' });
  readonly button = svg('g', { class: 'jp-mlops-graph-title', role: 'button', tabindex: 0, 'aria-expanded': 'true' });
  private readonly rect = svg('rect', { class: 'jp-mlops-graph-frame', rx: 14 });
  private readonly back = svg('rect', { class: 'jp-mlops-graph-title-back', x: 8, y: 7, height: 22, rx: 6 });
  private readonly sign = svg('path', { class: 'jp-mlops-graph-sign', d: 'M15 16l4 4 4-4' });
  private readonly text = svg('text', { x: 30, y: 22.3, 'font-size': SIZE });

  constructor(
    readonly group: string,
    private readonly trans: Translate
  ) {
    this.button.append(this.back, this.sign, this.text);
    this.element.append(this.rect, this.button);
  }

  /** Shows the frame at a place. */
  show(box: Box): void {
    const title = fitting(this.group, SIZE, box.width - 52);
    set(this.element, { transform: `translate(${box.x} ${box.y})` });
    set(this.button, { 'aria-label': this.trans('Group %1', this.group), 'data-group': this.group });
    set(this.rect, { width: box.width, height: box.height });
    set(this.back, { width: Math.min(textWidth(title, SIZE) + 30, box.width - 16) });
    setText(this.text, title);
  }
}
