import { MetricPoint } from '../api/shapes';

/** Points of one task as one line of a chart. */
export interface Series {
  name: string;
  points: { x: number; y: number; at: number }[];
}

/** What a chart counts to the right: the step that was logged, or seconds since the first point. */
export type Across = 'step' | 'time';

/** Turns values into pixels. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  place(value: number): number;
  ticks: number[];
}

/** A metric's points as a line a task; in steps if every point has one, else in seconds. */
export function seriesOf(points: readonly MetricPoint[]): { series: Series[]; across: Across } {
  const numbers = points.filter(point => point.value !== null && Number.isFinite(point.value));
  const across: Across = numbers.every(point => point.step !== null) ? 'step' : 'time';
  const begin = numbers.reduce((least, point) => Math.min(least, point.at), Infinity);
  const found = new Map<string, Series>();
  for (const point of numbers) {
    const series = found.get(point.task) ?? { name: point.task, points: [] };
    found.set(point.task, series);
    const x = across === 'step' ? (point.step ?? 0) : point.at - begin;
    series.points.push({ x, y: point.value ?? 0, at: point.at });
  }
  for (const series of found.values()) {
    series.points = latestOf(series.points);
  }
  return { series: [...found.values()], across };
}

/** In the order of x; a step that was logged again (a second attempt) counts once, as it was logged last. */
function latestOf(points: Series['points']): Series['points'] {
  const last = new Map(points.map(point => [point.x, point]));
  return [...last.values()].sort((one, other) => one.x - other.x);
}

/** Whether a logarithmic scale can show these values. */
export function canLog(series: readonly Series[]): boolean {
  return series.length > 0 && series.every(item => item.points.every(point => point.y > 0));
}

/** A scale from `low` to `high` onto `from` to `to` pixels, with about `count` round ticks. */
export function scaleOf(low: number, high: number, from: number, to: number, options: ScaleOptions = {}): Scale {
  const { count = 4, log = false, whole = false } = options;
  if (log && low > 0) {
    const [a, b] = low === high ? [low / 2, high * 2] : [low, high];
    const [la, lb] = [Math.log10(a), Math.log10(b)];
    const place = (value: number): number => from + ((Math.log10(value) - la) / (lb - la)) * (to - from);
    return { low: a, high: b, log: true, place, ticks: logTicks(a, b, count) };
  }
  const pad = low === high ? Math.abs(low) * 0.1 || 1 : 0;
  const [a, b] = [low - pad, high + pad];
  const place = (value: number): number => from + ((value - a) / (b - a)) * (to - from);
  return { low: a, high: b, log: false, place, ticks: linearTicks(a, b, count, whole ? 1 : 0) };
}

export interface ScaleOptions {
  count?: number;
  log?: boolean;
  /** Only whole numbers are ticks. */
  whole?: boolean;
}

function linearTicks(low: number, high: number, count: number, finest = 0): number[] {
  const least = Math.max((high - low) / count, finest);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = ([1, 2, 5, 10].find(factor => factor * power >= least * 0.9999) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Multiplied by a whole number and rounded: 0.1 + 0.2 is no label.
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

function logTicks(low: number, high: number, count: number): number[] {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  if (last - first < 1) {
    return linearTicks(low, high, count).filter(tick => tick > 0);
  }
  const every = Math.max(1, Math.ceil((last - first) / count));
  const powers = Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, index) => first + index * every);
  return powers.map(power => Number((10 ** power).toPrecision(12)));
}

/** A line's path. Of many points a pixel's lowest and highest are drawn, so that peaks stay. */
export function pathOf(points: Series['points'], x: Scale, y: Scale): string {
  return thinned(points, x)
    .map((point, index) => `${index === 0 ? 'M' : 'L'}${x.place(point.x).toFixed(1)} ${y.place(point.y).toFixed(1)}`)
    .join('');
}

const DENSE = 1500;

function thinned(points: Series['points'], x: Scale): Series['points'] {
  if (points.length <= DENSE) {
    return points;
  }
  const kept: Series['points'] = [];
  let bucket: Series['points'] = [];
  const flush = (): void => {
    const low = bucket.reduce((least, point) => (point.y < least.y ? point : least), bucket[0]);
    const high = bucket.reduce((most, point) => (point.y > most.y ? point : most), bucket[0]);
    kept.push(...(low === high ? [low] : low.x < high.x ? [low, high] : [high, low]));
  };
  for (const point of points) {
    if (bucket.length > 0 && Math.floor(x.place(point.x)) !== Math.floor(x.place(bucket[0].x))) {
      flush();
      bucket = [];
    }
    bucket.push(point);
  }
  flush();
  return kept;
}

/** The point of a series that is nearest to `x`; undefined of an empty one. */
export function nearest(points: Series['points'], x: number): Series['points'][number] | undefined {
  let low = 0;
  let high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle].x < x) {
      low = middle;
    } else {
      high = middle;
    }
  }
  const [one, other] = [points[low], points[high]];
  return one && other && Math.abs(other.x - x) < Math.abs(one.x - x) ? other : one;
}
