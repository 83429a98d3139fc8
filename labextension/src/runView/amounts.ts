import { TranslationBundle } from '@jupyterlab/translation';
import { Task, Use } from '../api/shapes';
import { bytesText } from '../ui/looks';
import { Series } from './chartScale';

/** The most memory that a task had, and what it might have: `1.2 GiB of 4.0 GiB`; empty where that is not known. */
export function peakText(task: Task, trans: TranslationBundle): string {
  if (task.peak_memory === null || task.peak_memory === undefined) {
    return '';
  }
  const peak = bytesText(task.peak_memory);
  return task.memory_limit ? trans.__('%1 of %2', peak, bytesText(task.memory_limit)) : peak;
}

/** Cores for people: `0.25`, `2`. */
export function coresText(cores: number): string {
  return String(Number(cores.toPrecision(2)));
}

/** A chart of what was used. */
export interface UseChart {
  /** What one counts in, such as `GiB`. */
  unit: string;
  series: Series[];
}

/** A limit that is so many times what was used is told in words only: in a chart it would flatten the line. */
const MOST_ABOVE = 5;

/** Cores or memory over time, with lines for what was asked for and what was allowed. */
export function chartOf(use: Use, what: 'cpu' | 'memory', words: UseWords): UseChart {
  const begin = use.points[0]?.at ?? 0;
  const peak = use.points.reduce((most, point) => Math.max(most, point[what]), 0);
  const { unit, size } = what === 'memory' ? unitOf(peak) : { unit: words.cores, size: 1 };
  const line = use.points.map(point => ({ x: point.at - begin, y: point[what] / size, at: point.at }));
  const lines = [
    { name: words.limit, value: use.limit[what] },
    { name: words.request, value: use.request[what] === use.limit[what] ? null : use.request[what] }
  ];
  const flat = lines.flatMap(({ name, value }) =>
    value !== null && value > 0 && value <= Math.max(peak, size / 1000) * MOST_ABOVE
      ? [{ name, points: ends(line).map(point => ({ ...point, y: value / size })) }]
      : []
  );
  return { unit, series: [{ name: words.used, points: line }, ...flat] };
}

export interface UseWords {
  cores: string;
  used: string;
  request: string;
  limit: string;
}

function unitOf(bytes: number): { unit: string; size: number } {
  const units = ['MiB', 'GiB', 'TiB'];
  const step = bytes >= 1024 ** 4 ? 2 : bytes >= 1024 ** 3 ? 1 : 0;
  return { unit: units[step], size: 1024 ** (step + 2) };
}

function ends(points: Series['points']): Series['points'] {
  return points.length > 1 ? [points[0], points[points.length - 1]] : points.slice(0, 1);
}
