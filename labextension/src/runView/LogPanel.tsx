import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { EmptyNote, FailureNote, LoadingNote, TryAgain } from '../ui/notes';
import { useSignal } from '../ui/signals';
import { LogBar } from './LogBar';
import { LogLines } from './LogLines';
import { LogModel, ReadLog } from './logModel';
import { findAll, Match, matchFrom } from './logSearch';

interface Props {
  trans: TranslationBundle;
  /** Reads the log; the panel is another one (React's `key`) for another log. */
  read: ReadLog;
  /** Whether more may be printed. */
  isLive: boolean;
  /** Name of the file that is saved. */
  name: string;
}

const LOOK_EVERY_MS = 1000;

/** What a task printed: follows it while it grows, and finds text in it. */
export function LogPanel(props: Props): React.ReactElement {
  const { trans, isLive } = props;
  const log = useLog(props.read, isLive);
  const [follow, setFollow] = React.useState(true);
  const [wrap, setWrap] = React.useState(false);
  const search = useSearch(log, () => setFollow(false));
  const body = React.useRef<HTMLDivElement>(null);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f') {
      event.preventDefault();
      body.current?.querySelector<HTMLInputElement>('input[type=search]')?.focus();
    }
  };
  return (
    <div className="jp-mlops-Log" data-testid="mlops-log" ref={body} onKeyDown={onKeyDown}>
      <LogBar
        {...{ trans, log, wrap, follow, search, name: props.name }}
        onWrap={() => setWrap(!wrap)}
        onFollow={() => {
          setFollow(!follow);
          if (!follow && !log.atEnd) {
            void log.openEnd();
          }
        }}
        onStart={() => {
          setFollow(false);
          search.top();
          void (log.atStart ? null : log.openStart());
        }}
      />
      {log.failure ? (
        <FailureNote failure={log.failure}>
          <TryAgain trans={trans} onTry={() => void log.again()} />
        </FailureNote>
      ) : null}
      {!log.loaded ? (
        <LoadingNote text={trans.__('Loading the log…')} />
      ) : log.buffer.lines.length === 0 ? (
        log.failure ? null : (
          <EmptyNote title={isLive ? trans.__('Nothing was printed yet.') : trans.__('Nothing was printed.')} />
        )
      ) : (
        <LogLines {...{ trans, log, wrap, follow, search }} onFollow={setFollow} />
      )}
    </div>
  );
}

/** The model of the log, asked for news each second while the task runs and the panel is seen. */
function useLog(read: ReadLog, isLive: boolean): LogModel {
  const latest = React.useRef(read);
  latest.current = read;
  const [log] = React.useState(() => new LogModel((start, limit) => latest.current(start, limit)));
  useSignal(log.changed);
  React.useEffect(() => {
    void log.openEnd();
    return () => log.dispose();
  }, [log]);
  React.useEffect(() => {
    if (!isLive) {
      return;
    }
    const timer = window.setInterval(() => {
      if (!document.hidden && (log.atEnd || log.failure)) {
        void log.later();
      }
    }, LOOK_EVERY_MS);
    return () => {
      window.clearInterval(timer);
      // What was printed between the last look and the end.
      void (log.isDisposed || log.catchUp());
    };
  }, [log, isLive]);
  return log;
}

/** What is searched in a log, the places where it is, and the way from one to the next. */
export interface LogSearch {
  query: string;
  matches: readonly Match[];
  /** Place of the current one among the matches; -1 without one. */
  current: number;
  /** A line to bring into view; a new object each time. */
  goal: { line: number } | null;
  setQuery: (query: string) => void;
  step: (forward: boolean) => void;
  /** Go to the first line. */
  top: () => void;
}

function useSearch(log: LogModel, onGo: () => void): LogSearch {
  const [query, setQuery] = React.useState('');
  const [at, setAt] = React.useState<{ line: number; from: number; shift: number } | null>(null);
  const [goal, setGoal] = React.useState<{ line: number } | null>(null);
  const wishes = React.useRef(0);
  const { lines } = log.buffer;
  const matches = React.useMemo(() => findAll(lines, query), [lines, query]);
  const line = at ? at.line + log.shift - at.shift : -1;
  const current = at ? matches.findIndex(match => match.line === line && match.from === at.from) : -1;
  const go = (match: Match | undefined): void => {
    if (match) {
      onGo();
      setAt({ ...match, shift: log.shift });
      setGoal({ line: match.line });
    }
  };
  const step = (forward: boolean): void => {
    const wish = (wishes.current += 1);
    const next = current < 0 ? (forward ? 0 : matches.length - 1) : current + (forward ? 1 : -1);
    if (matches[next]) {
      return go(matches[next]);
    }
    if (query) {
      // Nobody waits any more for what is found after another wish.
      const isWanted = (): boolean => wish === wishes.current;
      void beyond(log, query, forward, isWanted).then(match => isWanted() && go(match));
    }
  };
  const search = (text: string): void => {
    wishes.current += 1;
    setQuery(text);
    const found = findAll(lines, text);
    setAt(null);
    go(found[Math.max(0, matchFrom(found, Math.max(line, 0), true))]);
  };
  return { query, matches, current, goal, setQuery: search, step, top: () => setGoal({ line: 0 }) };
}

/** A match outside of what is loaded: further on, else, from the other end of the log, all the way round. */
async function beyond(
  log: LogModel,
  query: string,
  forward: boolean,
  isWanted: () => boolean
): Promise<Match | undefined> {
  const [edge, shift] = [forward ? log.buffer.lines.length - 1 : 0, log.shift];
  const find = (line: number): Match | undefined => {
    const found = findAll(log.buffer.lines, query);
    return found[matchFrom(found, line, forward)];
  };
  const further = (): Match | undefined => find(edge + log.shift - shift + (forward ? 1 : 0));
  if ((await log.seek(forward, () => !isWanted() || further() !== undefined)) || !isWanted()) {
    return further();
  }
  if (!(forward ? log.atStart : log.atEnd)) {
    await (forward ? log.openStart() : log.openEnd());
  }
  const anywhere = (): Match | undefined => find(forward ? 0 : log.buffer.lines.length);
  return anywhere() || (await log.seek(forward, () => !isWanted() || anywhere() !== undefined))
    ? anywhere()
    : undefined;
}
