import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { durationText, valueText } from '../ui/looks';
import { roundText } from './durations';
import { Across, canLog, nearest, pathOf, Scale, scaleOf, Series } from './chartScale';

interface Props {
  trans: TranslationBundle;
  name: string;
  series: readonly Series[];
  across: Across;
  log: boolean;
  /** Whether the axis at the left begins at 0. */
  fromZero?: boolean;
}

const HEIGHT = 170;
const FIRST_WIDTH = 320;
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 12, 10, 24];
/** Lines that one chart can show so that a person tells them apart. */
export const MOST_LINES = 12;

/** A metric over steps or time, a line a task; what is under the pointer is told in words. */
export function LineChart(props: Props): React.ReactElement {
  const { trans, name, series, across, log, fromZero = false } = props;
  const [at, setAt] = React.useState<number | null>(null);
  const host = React.useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const drawn = React.useMemo(() => series.slice(0, MOST_LINES), [series]);
  const { x, y } = React.useMemo(
    () => scalesOf(drawn, { across, log, fromZero }, width),
    [drawn, across, log, fromZero, width]
  );
  const onMove = (event: React.PointerEvent<SVGSVGElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const pixel = event.clientX - box.left;
    setAt(x.low + ((pixel - LEFT) / (width - LEFT - RIGHT)) * (x.high - x.low));
  };
  const hits =
    at === null ? [] : drawn.flatMap((item, index) => ({ index, name: item.name, point: nearest(item.points, at) }));
  return (
    <div className="jp-mlops-ChartBox" ref={host}>
      <svg
        className="jp-mlops-Chart"
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={chartText(props)}
        onPointerMove={onMove}
        onPointerLeave={() => setAt(null)}
      >
        <Grid {...{ x, y, across, width }} />
        <Lines {...{ drawn, x, y }} />
        {hits.map(({ index, point }) =>
          point ? (
            <g key={index} className={`jp-mlops-Line jp-mlops-line-${index % 6}`}>
              <line
                className="jp-mlops-Cross"
                x1={x.place(point.x)}
                x2={x.place(point.x)}
                y1={TOP}
                y2={HEIGHT - BOTTOM}
              />
              <circle cx={x.place(point.x)} cy={y.place(point.y)} r={4} />
            </g>
          ) : null
        )}
      </svg>
      <Legend {...{ trans, name, series, across, at }} />
    </div>
  );
}

/** All lines. Drawn again only if they change, not for each move of the pointer: they may have very many points. */
const Lines = React.memo(function Lines(props: { drawn: readonly Series[]; x: Scale; y: Scale }): React.ReactElement {
  const { drawn, x, y } = props;
  return (
    <>
      {drawn.map((item, index) => (
        <g
          key={item.name}
          className={`jp-mlops-Line jp-mlops-line-${index % 6}${index >= 6 ? ' jp-mlops-mod-dashed' : ''}`}
        >
          {item.points.length > 1 ? <path d={pathOf(item.points, x, y)} /> : null}
          {item.points.length <= 30
            ? item.points.map(point => <circle key={point.x} cx={x.place(point.x)} cy={y.place(point.y)} r={2} />)
            : null}
        </g>
      ))}
    </>
  );
});

/** The lines by name, each with its last value, or with that under the pointer. */
function Legend(props: Omit<Props, 'log' | 'fromZero'> & { at: number | null }): React.ReactElement {
  const { trans, name, series, across, at } = props;
  const drawn = series.slice(0, MOST_LINES);
  return (
    <div className="jp-mlops-Legend">
      {drawn.map((item, index) => {
        const point = at === null ? item.points[item.points.length - 1] : nearest(item.points, at);
        return (
          <span key={item.name} className="jp-mlops-LegendItem">
            <i aria-hidden="true" className={`jp-mlops-line-${index % 6}${index >= 6 ? ' jp-mlops-mod-dashed' : ''}`} />
            {item.name || name}
            {point ? <b>{valueText(point.y)}</b> : null}
            {point && at !== null ? <span className="jp-mlops-Faint">{acrossText(point.x, across, trans)}</span> : null}
          </span>
        );
      })}
      {series.length > drawn.length ? (
        <span className="jp-mlops-Faint">{trans.__('and %1 more: see the table', series.length - drawn.length)}</span>
      ) : null}
    </div>
  );
}

/** Where along the axis a point is: `step 12` or `3.2 s`. */
export function acrossText(value: number, across: Across, trans: TranslationBundle): string {
  return across === 'step' ? trans.__('step %1', value) : durationText(value);
}

function Grid(props: { x: Scale; y: Scale; across: Across; width: number }): React.ReactElement {
  const { x, y, across } = props;
  return (
    <g className="jp-mlops-Grid" aria-hidden="true">
      {y.ticks.map(tick => (
        <g key={tick}>
          <line x1={LEFT} x2={props.width - RIGHT} y1={y.place(tick)} y2={y.place(tick)} />
          <text x={LEFT - 6} y={y.place(tick)} dy="0.32em" textAnchor="end">
            {numberText(tick)}
          </text>
        </g>
      ))}
      {x.ticks.map(tick => (
        <text key={tick} x={x.place(tick)} y={HEIGHT - 6} textAnchor="middle">
          {across === 'time' ? roundText(tick) || '0' : numberText(tick)}
        </text>
      ))}
    </g>
  );
}

function scalesOf(
  series: readonly Series[],
  { across, log, fromZero }: Pick<Props, 'across' | 'log' | 'fromZero'>,
  width: number
): { x: Scale; y: Scale } {
  const points = series.flatMap(item => item.points);
  const range = (key: 'x' | 'y'): [number, number] =>
    points.reduce(
      ([low, high]: [number, number], point) => [Math.min(low, point[key]), Math.max(high, point[key])],
      [Infinity, -Infinity]
    );
  const [xs, ys] = [range('x'), range('y')];
  ys[0] = fromZero ? Math.min(0, ys[0]) : ys[0];
  return {
    x: scaleOf(...xs, LEFT, width - RIGHT, { count: width > 500 ? 8 : 5, whole: across === 'step' }),
    y: scaleOf(...ys, HEIGHT - BOTTOM, TOP, { count: 4, log: log && canLog(series) })
  };
}

/** The width of a box in pixels, as it is now. */
function useWidth(host: React.RefObject<HTMLElement>): number {
  const [width, setWidth] = React.useState(FIRST_WIDTH);
  React.useLayoutEffect(() => {
    const box = host.current;
    if (!box) {
      return;
    }
    const measure = (): void => setWidth(box.clientWidth || FIRST_WIDTH);
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    measure();
    return () => observer.disconnect();
  }, [host]);
  return width;
}

function numberText(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e5 || size < 1e-3) ? value.toExponential(0) : String(Number(value.toPrecision(6)));
}

function chartText({ name, series, trans }: Props): string {
  const last = series.map(item => {
    const point = item.points[item.points.length - 1];
    return point ? `${item.name} ${valueText(point.y)}` : '';
  });
  return trans.__('Chart of %1. Last: %2', name, last.slice(0, MOST_LINES).join(', '));
}
