import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { AnsiStyle, parseAnsi } from './ansi';
import { AnsiText, LogText } from './LogText';
import { LogModel } from './logModel';
import { LogSearch } from './LogPanel';
import { Match } from './logSearch';
import { shownLine } from './logBuffer';
import { lineAt, shownRows, wrappedRows } from './rows';

interface Props {
  trans: TranslationBundle;
  log: LogModel;
  search: LogSearch;
  wrap: boolean;
  follow: boolean;
  onFollow: (follow: boolean) => void;
}

/** Height of a row in pixels, as in the style sheet. */
export const ROW = 18;
const NEAR_LINES = 300;

/** The lines that can be seen of those that are loaded; more are loaded when an end comes near. */
export function LogLines(props: Props): React.ReactElement {
  const { log, wrap, follow, search } = props;
  const { lines } = log.buffer;
  const host = React.useRef<HTMLDivElement>(null);
  const view = useViewport(host);
  const columns = wrap ? Math.max(20, view.columns) : Infinity;
  const tops = React.useMemo(() => wrappedRows(lines, columns), [lines, columns]);
  const rows = tops[lines.length];
  useAnchor(host, log, tops);
  React.useLayoutEffect(() => {
    if (follow && host.current) {
      host.current.scrollTop = rows * ROW;
    }
  }, [follow, rows, view.height]);
  useGoal(host, search.goal, tops);
  const { matches, current, query } = search;
  const marks = React.useMemo(() => byLine(matches), [matches]);
  const shown = shownRows(view.top, view.height, ROW, rows);
  const [first, last] = [lineAt(tops, shown.first), Math.min(lines.length, lineAt(tops, shown.last) + 1)];
  React.useEffect(() => loadNear(log, first, last, follow), [first, last, log, lines, follow]);
  const onScroll = (): void => {
    const box = host.current;
    if (box) {
      const isUp = box.scrollTop < view.top - 2;
      const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < ROW && log.atEnd;
      view.scrolled(box.scrollTop);
      props.onFollow(isAtEnd || (follow && !isUp));
    }
  };
  return (
    <div
      className={`jp-mlops-LogLines${wrap ? ' jp-mlops-mod-wrap' : ''}`}
      ref={host}
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label={props.trans.__('Log')}
      onScroll={onScroll}
    >
      <div className="jp-mlops-LogRoom" style={{ height: rows * ROW }}>
        {lines.slice(first, last).map((line, index) => (
          <Line
            key={first + index - log.shift}
            line={line}
            opening={log.buffer.opening(first + index)}
            top={tops[first + index] * ROW}
            height={(tops[first + index + 1] - tops[first + index]) * ROW}
            marks={marks.get(first + index) ?? NONE}
            length={query.length}
            current={matches[current]}
          />
        ))}
      </div>
    </div>
  );
}

/** Load more where an end of what is loaded comes near. */
function loadNear(log: LogModel, first: number, last: number, follow: boolean): void {
  if (first < NEAR_LINES && !log.atStart && !follow) {
    void log.earlier();
  } else if (last > log.buffer.lines.length - NEAR_LINES && !log.atEnd) {
    void log.later();
  }
}

/** Brings a line into view: once for each goal, wherever lines come or go later. */
function useGoal(host: React.RefObject<HTMLDivElement>, goal: LogSearch['goal'], tops: Float64Array): void {
  const done = React.useRef<LogSearch['goal']>(null);
  React.useLayoutEffect(() => {
    const box = host.current;
    if (!box || !goal || done.current === goal) {
      return;
    }
    done.current = goal;
    const top = tops[Math.min(goal.line, tops.length - 1)] * ROW;
    const isSeen = top >= box.scrollTop + ROW && top <= box.scrollTop + box.clientHeight - 3 * ROW;
    if (goal.line === 0) {
      box.scrollTop = 0;
    } else if (!isSeen) {
      box.scrollTop = top - box.clientHeight / 3;
    }
  }, [host, goal, tops]);
}

interface LineProps {
  line: string;
  opening: AnsiStyle;
  top: number;
  height: number;
  /** What is searched in this line: where it is, how long it is, and the match that one is at. */
  marks: readonly Match[];
  length: number;
  current: Match | undefined;
}

const NONE: readonly Match[] = [];

function byLine(matches: readonly Match[]): ReadonlyMap<number, readonly Match[]> {
  const lines = new Map<number, Match[]>();
  for (const match of matches) {
    const items = lines.get(match.line);
    if (items) {
      items.push(match);
    } else {
      lines.set(match.line, [match]);
    }
  }
  return lines;
}

function Line({ line, opening, top, height, marks, length, current }: LineProps): React.ReactElement {
  const { spans } = parseAnsi(shownLine(line), opening);
  return (
    <div className="jp-mlops-LogLine" style={{ top, height }}>
      {marks.length > 0 ? (
        <LogText
          spans={spans}
          froms={marks.map(match => match.from)}
          length={length}
          current={current ? marks.indexOf(current) : -1}
        />
      ) : (
        <AnsiText spans={spans} />
      )}
    </div>
  );
}

interface Viewport {
  top: number;
  height: number;
  columns: number;
  scrolled: (top: number) => void;
}

/** What can be seen of a scrolled box, and how many characters are in its width. */
function useViewport(host: React.RefObject<HTMLDivElement>): Viewport {
  const [size, setSize] = React.useState({ height: 600, columns: 80 });
  const [top, scrolled] = React.useState(0);
  React.useLayoutEffect(() => {
    const box = host.current;
    if (!box) {
      return;
    }
    const measure = (): void => {
      const probe = document.createElement('span');
      probe.className = 'jp-mlops-LogProbe';
      probe.textContent = 'x'.repeat(100);
      box.appendChild(probe);
      const width = probe.getBoundingClientRect().width / 100 || 8;
      probe.remove();
      setSize({ height: box.clientHeight || 600, columns: Math.floor((box.clientWidth - 20) / width) });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    measure();
    return () => observer.disconnect();
  }, [host]);
  return { ...size, top, scrolled };
}

/** Keeps what is seen where it is when lines come or go before it. */
function useAnchor(host: React.RefObject<HTMLDivElement>, log: LogModel, tops: Float64Array): void {
  const before = React.useRef({ shift: log.shift, tops });
  React.useLayoutEffect(() => {
    const came = log.shift - before.current.shift;
    if (host.current && came !== 0) {
      const rows = came > 0 ? tops[Math.min(came, tops.length - 1)] : -before.current.tops[-came];
      host.current.scrollTop += (rows || 0) * ROW;
    }
    before.current = { shift: log.shift, tops };
  }, [host, log, log.shift, tops]);
}
