import type { Orientation, Point } from './layout/geometry';

const NAMESPACE = 'http://www.w3.org/2000/svg';

/** Attributes to set; numbers are written as they are. */
export type Attributes = Readonly<Record<string, string | number>>;

/** A new SVG element. Text and attributes are set as such, never parsed. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  text = ''
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(NAMESPACE, name);
  set(made, attributes);
  if (text) {
    made.textContent = text;
  }
  return made;
}

/** A new HTML element with a class. */
export function html<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  attributes: Attributes = {},
  text = ''
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  made.className = className;
  set(made, attributes);
  if (text) {
    made.textContent = text;
  }
  return made;
}

/** Sets attributes; those that are the same already are left alone, so that nothing is drawn again for them. */
export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== String(value)) {
      element.setAttribute(name, String(value));
    }
  }
}

/** Sets the text of an element where it differs. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Makes an element's children those that are given, in that order; an element that stays is not moved: it keeps its focus. */
export function arrange(layer: Element, drawn: readonly { readonly element: Element }[]): void {
  const wanted = new Set(drawn.map(item => item.element));
  for (const child of [...layer.children]) {
    if (!wanted.has(child)) {
      child.remove();
    }
  }
  let at = layer.firstElementChild;
  for (const { element } of drawn) {
    if (element === at) {
      at = at.nextElementSibling;
    } else {
      layer.insertBefore(element, at);
    }
  }
}

/** A line as a path: straight where its points are in line, else a soft curve that leaves and ends along the graph. */
export function linePath(points: readonly Point[], orientation: Orientation): string {
  if (!points.length) {
    return '';
  }
  let [x, y] = points[0];
  let path = `M${x} ${y}`;
  for (const [nextX, nextY] of points.slice(1)) {
    if (orientation === 'down') {
      const half = (y + nextY) / 2;
      path += nextX === x ? `V${nextY}` : `C${x} ${half} ${nextX} ${half} ${nextX} ${nextY}`;
    } else {
      const half = (x + nextX) / 2;
      path += nextY === y ? `H${nextX}` : `C${half} ${y} ${half} ${nextY} ${nextX} ${nextY}`;
    }
    [x, y] = [nextX, nextY];
  }
  return path;
}
