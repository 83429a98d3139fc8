import { quoted } from '../api/query';

/** What a person asks for: text in the store's search language, and values that were picked. */
export interface Filters {
  readonly text: string;
  readonly states: readonly string[];
  readonly pipelines: readonly string[];
  readonly experiments: readonly string[];
}

export const NO_FILTERS: Filters = { text: '', states: [], pipelines: [], experiments: [] };

/** The kinds of values that can be picked. */
export type Picked = 'states' | 'pipelines' | 'experiments';

const ATTRIBUTES: { [kind in Picked]: string } = {
  states: 'state',
  pipelines: 'pipeline',
  experiments: 'experiment'
};

/** The filters as one query of the search language. */
export function queryOf(filters: Filters): string {
  const picked = (Object.keys(ATTRIBUTES) as Picked[])
    .filter(kind => filters[kind].length > 0)
    .map(kind => `${ATTRIBUTES[kind]} in (${filters[kind].map(quoted).join(', ')})`);
  const text = filters.text.trim();
  if (!text) {
    return picked.join(' and ');
  }
  return picked.length > 0 ? [`(${text})`, ...picked].join(' and ') : text;
}

/** The filters with a value picked, or no longer picked. */
export function toggled(filters: Filters, kind: Picked, value: string): Filters {
  const values = filters[kind];
  const changed = values.includes(value) ? values.filter(item => item !== value) : [...values, value];
  return { ...filters, [kind]: changed };
}

/** Whether nothing is filtered. */
export function isEmpty(filters: Filters): boolean {
  return queryOf(filters) === '';
}
