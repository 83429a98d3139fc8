import { durationText } from '../ui/looks';

/** A round duration, as on an axis: `5 s` and `2 min`, without zeros behind them. */
export function roundText(seconds: number | null): string {
  return durationText(seconds)
    .replace(/\.0 s$/, ' s')
    .replace(/ min 00 s$/, ' min')
    .replace(/ h 00 min$/, ' h');
}

/** How long something goes on: in whole seconds, for it is drawn anew each second. */
export function tickingText(seconds: number | null): string {
  return seconds !== null && seconds >= 1
    ? durationText(Math.floor(seconds)).replace(/\.0 s$/, ' s')
    : durationText(seconds);
}
