/** What the reader does with pointer and keys in a drawing, in terms of steps and groups. */
export interface GestureEvents {
  readonly onChoose: (name: string | null) => void;
  readonly onOpen: (name: string) => void;
  readonly onMenu: (name: string, at: { readonly x: number; readonly y: number }) => boolean;
  readonly onGroup: (group: string) => void;
  readonly onCloseAround: (name: string) => void;
  /** A key that may lead elsewhere; whether it did anything. */
  readonly onKey: (name: string, key: string) => boolean;
  readonly onEscape: () => boolean;
  readonly onFocus: (name: string, byKey: boolean) => void;
  /** What the pointer is on now: a step, an edge or nothing. */
  readonly onPoint: (at: Pointed | null) => void;
}

/** A thing under the pointer. */
export type Pointed =
  | { readonly kind: 'step'; readonly name: string }
  | { readonly kind: 'edge'; readonly from: string; readonly to: string; readonly x: number; readonly y: number };

/** Listens to a drawing until the signal ends it. */
export function listen(element: SVGSVGElement, events: GestureEvents, signal: AbortSignal): void {
  listenToPointer(element, events, signal);
  let byKey = true;
  let menuByKey = false;
  element.addEventListener('pointerdown', () => ([byKey, menuByKey] = [false, false]), { signal });
  element.addEventListener(
    'focusin',
    event => {
      const name = stepAt(event);
      if (name !== undefined) {
        events.onFocus(name, byKey);
      }
    },
    { signal }
  );
  element.addEventListener(
    'focusout',
    event => {
      // A tip that the keyboard opened goes with the keyboard.
      if (byKey && !(event.relatedTarget instanceof Node && element.contains(event.relatedTarget))) {
        events.onPoint(null);
      }
    },
    { signal }
  );
  element.addEventListener(
    'contextmenu',
    event => {
      const name = stepAt(event);
      if (menuByKey) {
        // The browser's own event for the key that was answered already.
        menuByKey = false;
        event.preventDefault();
      } else if (name !== undefined && events.onMenu(name, { x: event.clientX, y: event.clientY })) {
        event.preventDefault();
        event.stopPropagation();
      }
    },
    { signal }
  );
  element.addEventListener(
    'keydown',
    event => {
      byKey = true;
      menuByKey = isMenuKey(event);
      if (!event.defaultPrevented && answerKey(event, events)) {
        // The notebook must not take the key for its own: arrows move between cells there.
        event.preventDefault();
        event.stopPropagation();
      }
    },
    { signal }
  );
}

function listenToPointer(element: SVGSVGElement, events: GestureEvents, signal: AbortSignal): void {
  element.addEventListener(
    'click',
    event => {
      const group = groupAt(event);
      if (group !== undefined) {
        events.onGroup(group);
      } else if (edgeAt(event) === undefined) {
        events.onChoose(stepAt(event) ?? null);
      }
    },
    { signal }
  );
  element.addEventListener(
    'dblclick',
    event => {
      const name = stepAt(event);
      if (name !== undefined) {
        events.onOpen(name);
      }
    },
    { signal }
  );
  element.addEventListener(
    'pointerover',
    event => {
      const name = stepAt(event);
      const edge = edgeAt(event);
      if (name !== undefined) {
        events.onPoint({ kind: 'step', name });
      } else if (edge) {
        const { from = '', to = '' } = edge.dataset;
        events.onPoint({ kind: 'edge', from, to, x: event.clientX, y: event.clientY });
      } else {
        events.onPoint(null);
      }
    },
    { signal }
  );
  element.addEventListener('pointerleave', () => events.onPoint(null), { signal });
}

function answerKey(event: KeyboardEvent, events: GestureEvents): boolean {
  const group = groupAt(event);
  if (group !== undefined && (event.key === 'Enter' || event.key === ' ')) {
    events.onGroup(group);
    return true;
  }
  if (event.key === 'Escape') {
    return events.onEscape();
  }
  const name = stepAt(event);
  if (name === undefined) {
    return false;
  }
  if (isMenuKey(event)) {
    const { left, bottom } = (event.target as Element).getBoundingClientRect();
    return events.onMenu(name, { x: left + 24, y: bottom - 8 });
  }
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return false;
  }
  switch (event.key) {
    case 'Enter':
      events.onOpen(name);
      return true;
    case ' ':
      events.onChoose(name);
      return true;
    case '-':
      events.onCloseAround(name);
      return true;
    case '+':
      events.onOpen(name);
      return true;
    default:
      return events.onKey(name, event.key);
  }
}

function isMenuKey(event: KeyboardEvent): boolean {
  return event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey);
}

function closest(event: Event, selector: string): SVGElement | undefined {
  return event.target instanceof Element ? (event.target.closest<SVGElement>(selector) ?? undefined) : undefined;
}

const stepAt = (event: Event): string | undefined => closest(event, '[data-step]')?.dataset['step'];
const groupAt = (event: Event): string | undefined => closest(event, '[data-group]')?.dataset['group'];
const edgeAt = (event: Event): SVGElement | undefined => closest(event, '[data-from]');
