import { afterEach } from 'vitest';
import { cleanup } from '@testing-library/react';

// jsdom has none of these; JupyterLab's packages name them when they are loaded.
class Nothing {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
Object.assign(globalThis, {
  ResizeObserver: Nothing,
  IntersectionObserver: Nothing,
  DragEvent: class extends Event {},
  requestIdleCallback: (work: () => void) => setTimeout(work, 0),
  cancelIdleCallback: (handle: number) => clearTimeout(handle)
});

window.matchMedia = query =>
  Object.assign(new EventTarget(), {
    matches: false,
    media: query,
    onchange: null,
    addListener: () => undefined,
    removeListener: () => undefined
  });

afterEach(cleanup);
