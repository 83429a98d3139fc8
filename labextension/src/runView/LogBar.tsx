import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Failure } from '../api/failure';
import { bytesText } from '../ui/looks';
import { tellFailure } from '../ui/tellFailure';
import { overwritten, plainText } from './ansi';
import { LogModel } from './logModel';
import { LogSearch } from './LogPanel';
import { save } from './save';

interface Props {
  trans: TranslationBundle;
  log: LogModel;
  search: LogSearch;
  wrap: boolean;
  follow: boolean;
  name: string;
  onWrap: () => void;
  onFollow: () => void;
  onStart: () => void;
}

/** The tools of a log: search, wrap, follow, copy and save. */
export function LogBar(props: Props): React.ReactElement {
  const { trans, log } = props;
  const [copied, setCopied] = React.useState(false);
  const copy = (): void => {
    const text = log.buffer.lines.map(line => plainText(overwritten(line))).join('\n');
    copyText(text, trans).then(
      () => setCopied(true),
      thrown => tellFailure(thrown, trans.__('The log was not copied.'), trans)
    );
  };
  const download = (): void => {
    log.whole().then(
      blob => save(blob, `${props.name}.log`),
      thrown => tellFailure(thrown, trans.__('The log was not saved.'), trans)
    );
  };
  React.useEffect(() => {
    const timer = copied ? window.setTimeout(() => setCopied(false), 2000) : undefined;
    return () => window.clearTimeout(timer);
  }, [copied]);
  const { buffer } = log;
  return (
    <div className="jp-mlops-LogBar" role="toolbar" aria-label={trans.__('Log')}>
      <SearchBox trans={trans} search={props.search} isPart={!log.atStart || !log.atEnd} />
      <span
        className="jp-mlops-LogSize"
        title={trans.__('%1 of %2 loaded', bytesText(buffer.end - buffer.start), bytesText(buffer.size))}
      >
        {bytesText(buffer.size)}
      </span>
      <button className="jp-mlops-Tool" onClick={props.onStart} title={trans.__('Go to the first line')}>
        {trans.__('Top')}
      </button>
      <button
        className="jp-mlops-Tool"
        aria-pressed={props.follow}
        onClick={props.onFollow}
        title={trans.__('Stay at the last line')}
      >
        {trans.__('Follow')}
      </button>
      <button
        className="jp-mlops-Tool"
        aria-pressed={props.wrap}
        onClick={props.onWrap}
        title={trans.__('Break long lines')}
      >
        {trans.__('Wrap')}
      </button>
      <button className="jp-mlops-Tool" onClick={copy} title={trans.__('Copy what is loaded')}>
        {copied ? trans.__('Copied') : trans.__('Copy')}
      </button>
      <button className="jp-mlops-Tool" onClick={download} title={trans.__('Save the whole log as a file')}>
        {trans.__('Save')}
      </button>
    </div>
  );
}

/** Browsers let a page copy only where the connection is safe, and only if the person allows it. */
async function copyText(text: string, trans: TranslationBundle): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const words = trans.__('The browser does not let this page write to the clipboard.');
    throw new Failure('clipboard', words, trans.__('Save the log as a file instead.'));
  }
}

function SearchBox(props: { trans: TranslationBundle; search: LogSearch; isPart: boolean }): React.ReactElement {
  const { trans, search } = props;
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Enter') {
      event.preventDefault();
      search.step(!event.shiftKey);
    } else if (event.key === 'Escape' && search.query) {
      event.stopPropagation();
      search.setQuery('');
    }
  };
  const count = search.matches.length;
  const counted = search.current >= 0 ? trans.__('%1 of %2', search.current + 1, count) : String(count);
  return (
    <span className="jp-mlops-Search">
      <input
        type="search"
        className="jp-mlops-Input"
        placeholder={trans.__('Search')}
        aria-label={trans.__('Search in the log')}
        value={search.query}
        onChange={event => search.setQuery(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {search.query ? (
        <>
          <span
            className="jp-mlops-SearchCount"
            role="status"
            title={props.isPart ? trans.__('In the part that is loaded; Enter goes on in the rest') : undefined}
          >
            {counted}
            {props.isPart ? '+' : ''}
          </span>
          <button className="jp-mlops-Tool" aria-label={trans.__('Previous match')} onClick={() => search.step(false)}>
            ↑
          </button>
          <button className="jp-mlops-Tool" aria-label={trans.__('Next match')} onClick={() => search.step(true)}>
            ↓
          </button>
        </>
      ) : null}
    </span>
  );
}
