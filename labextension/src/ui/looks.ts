import { TranslationBundle } from '@jupyterlab/translation';
import { Severity, Task } from '../api/shapes';

/** How each state is shown: an icon and a word always, and a colour by the class `jp-mlops-mod-STATE`. */
const ICONS = new Map([
  ['pending', '○'],
  ['running', '▶'],
  ['cached', '◆'],
  ['skipped', '↷'],
  ['succeeded', '✓'],
  ['failed', '✗'],
  ['canceled', '■']
]);

export function stateIcon(state: string): string {
  return ICONS.get(state) ?? '·';
}

/** The state as a word; one that this version does not know is shown as it is. */
export function stateWord(state: string, trans: TranslationBundle): string {
  const words = new Map([
    ['pending', trans.__('pending')],
    ['running', trans.__('running')],
    ['cached', trans.__('cached')],
    ['skipped', trans.__('skipped')],
    ['succeeded', trans.__('succeeded')],
    ['failed', trans.__('failed')],
    ['canceled', trans.__('canceled')]
  ]);
  return words.get(state) ?? state;
}

/** Why a task that was started does not run yet; empty for one that runs. */
export function waitText(task: Pick<Task, 'waiting'>, trans: TranslationBundle): string {
  return task.waiting ? trans.__('waits: %1', task.waiting) : '';
}

/** The mark of a severity: an icon that differs by more than its colour. */
export function severityIcon(severity: Severity): string {
  return { error: '✖', warning: '▲', info: 'ℹ' }[severity] ?? 'ℹ';
}

/** A duration for people: `12 ms`, `1.2 s`, `3 min 05 s`, `2 h 07 min`. Clocks that jump give no negative ones. */
export function durationText(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) {
    return '';
  }
  const positive = Math.max(seconds, 0);
  if (positive < 0.9995) {
    return `${Math.round(positive * 1000)} ms`;
  }
  if (positive < 59.95) {
    return `${positive.toFixed(1)} s`;
  }
  const whole = Math.round(positive);
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  return minutes < 60
    ? `${minutes} min ${String(rest).padStart(2, '0')} s`
    : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** A size for people: `0 bytes`, `12.3 KiB`, `1.2 GiB`. */
export function bytesText(count: number): string {
  if (count < 1024) {
    return count === 1 ? '1 byte' : `${count} bytes`;
  }
  let size = count;
  let unit = 'bytes';
  for (const next of ['KiB', 'MiB', 'GiB', 'TiB']) {
    if (size < 1023.95) {
      break;
    }
    size /= 1024;
    unit = next;
  }
  return `${size.toFixed(1)} ${unit}`;
}

/** A metric or parameter, short: numbers to four digits, other values as JSON, long ones by both ends. */
export function valueText(value: unknown): string {
  if (typeof value === 'number' && !Number.isInteger(value)) {
    return String(Number(value.toPrecision(4)));
  }
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length <= 100 ? text : `${text.slice(0, 80)}…${text.slice(-19)}`;
}

/** When something was, seen from `now` (both in seconds): `just now`, `5 min ago`, or the date. */
export function whenText(at: number | null | undefined, now: number, trans: TranslationBundle): string {
  if (at === null || at === undefined) {
    return '';
  }
  const ago = now - at;
  if (ago < 60) {
    return trans.__('just now');
  }
  if (ago < 3600) {
    return trans.__('%1 min ago', Math.floor(ago / 60));
  }
  if (ago < 86400) {
    return trans.__('%1 h ago', Math.floor(ago / 3600));
  }
  return new Date(at * 1000).toLocaleString();
}
