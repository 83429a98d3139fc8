import { describe, expect, it } from 'vitest';
import { quoted } from '../../src/api/query';
import { isEmpty, NO_FILTERS, queryOf, toggled } from '../../src/home/filters';

describe('filters as a query', () => {
  it('are the text as it is if nothing is picked', () => {
    expect(queryOf({ ...NO_FILTERS, text: ' metrics.acc > 0.9 ' })).toBe('metrics.acc > 0.9');
  });

  it('join the text and what is picked with "and"', () => {
    const filters = { ...NO_FILTERS, text: "a = 1 or state = 'x'", states: ['failed', 'canceled'], pipelines: ['p'] };
    expect(queryOf(filters)).toBe("(a = 1 or state = 'x') and state in ('failed', 'canceled') and pipeline in ('p')");
  });

  it('keep a quote within a name from ending the text', () => {
    expect(quoted("it's")).toBe("'it''s'");
    expect(queryOf({ ...NO_FILTERS, experiments: ["o'x"] })).toBe("experiment in ('o''x')");
  });

  it('are empty without text and picks', () => {
    expect(isEmpty({ ...NO_FILTERS, text: '  ' })).toBe(true);
    expect(isEmpty({ ...NO_FILTERS, states: ['failed'] })).toBe(false);
  });
});

it('a value is picked, and by the same way no longer', () => {
  const once = toggled(NO_FILTERS, 'states', 'failed');
  expect(once.states).toEqual(['failed']);
  expect(toggled(once, 'states', 'failed')).toEqual(NO_FILTERS);
});
