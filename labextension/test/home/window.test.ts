import { describe, expect, it } from 'vitest';
import { missingPages, scrollToShow, windowOf } from '../../src/home/window';

const sight = { top: 0, height: 280, rowHeight: 28 };

describe('the rows in the page', () => {
  it('are those that are seen and some around them', () => {
    expect(windowOf({ ...sight, top: 2800 }, 10000, 10, 5)).toEqual({ first: 90, last: 120 });
  });

  it('stay the same while less than a few rows are scrolled', () => {
    expect(windowOf({ ...sight, top: 2801 }, 10000, 10, 5)).toEqual({ first: 90, last: 125 });
    expect(windowOf({ ...sight, top: 2880 }, 10000, 10, 5)).toEqual({ first: 90, last: 125 });
  });

  it('are never more than there are', () => {
    expect(windowOf(sight, 3)).toEqual({ first: 0, last: 3 });
    expect(windowOf({ ...sight, top: 99999 }, 3)).toEqual({ first: 3, last: 3 });
    expect(windowOf({ ...sight, top: -50 }, 0)).toEqual({ first: 0, last: 0 });
  });

  it('are as many at any place of a long list', () => {
    const counts = [500, 140000, 270000].map(top => windowOf({ ...sight, top }, 10000)).map(w => w.last - w.first);
    expect(Math.max(...counts)).toBeLessThanOrEqual(40);
  });
});

describe('scrolling to a row', () => {
  it('does nothing for a row that is seen', () => {
    expect(scrollToShow(3, sight)).toBe(0);
    expect(scrollToShow(9, sight)).toBe(0);
  });

  it('goes as far as it must, up and down', () => {
    expect(scrollToShow(10, sight)).toBe(28);
    expect(scrollToShow(2, { ...sight, top: 280 })).toBe(56);
  });
});

describe('the pages to load', () => {
  it('are those of rows that are missing, each once', () => {
    const known = (row: number): boolean => row < 200;
    expect(missingPages({ first: 150, last: 450 }, 200, known)).toEqual([1, 2]);
    expect(missingPages({ first: 0, last: 200 }, 200, known)).toEqual([]);
  });

  it('are found where a gap is in the middle of a page', () => {
    expect(missingPages({ first: 0, last: 600 }, 200, row => row !== 399)).toEqual([1]);
  });
});
