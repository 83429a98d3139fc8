import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Failure } from '../api/failure';
import { QueryHelp } from './QueryHelp';

interface Props {
  /** The text by which runs are filtered now. */
  text: string;
  /** What is wrong with it. */
  failure: Failure | null;
  history: readonly string[];
  trans: TranslationBundle;
  onAsk: (text: string) => void;
}

/** The field for a filter in the store's search language. Enter asks; what the server says is wrong is shown below. */
export function QueryField(props: Props): React.ReactElement {
  const { text, failure, history, trans, onAsk } = props;
  const [typed, setTyped] = React.useState(text);
  React.useEffect(() => setTyped(text), [text]);
  const id = React.useId();
  const onSubmit = (event: React.FormEvent): void => {
    event.preventDefault();
    onAsk(typed);
  };
  const use = (query: string): void => {
    setTyped(query);
    onAsk(query);
  };
  return (
    <div className="jp-mlops-HomeQuery">
      <form role="search" onSubmit={onSubmit}>
        <input
          className="jp-mod-styled"
          type="text"
          spellCheck={false}
          autoComplete="off"
          list={`${id}-used`}
          value={typed}
          placeholder={trans.__("Filter, for example metrics.acc > 0.9 and params.model = 'rf'")}
          aria-label={trans.__('Filter of runs')}
          aria-invalid={failure !== null}
          aria-describedby={failure ? `${id}-wrong` : undefined}
          data-testid="mlops-home-query"
          onChange={event => setTyped(event.target.value)}
        />
        <datalist id={`${id}-used`}>
          {history.map(query => (
            <option key={query} value={query} />
          ))}
        </datalist>
        <button type="submit" className="jp-mod-styled jp-mlops-Button">
          {trans.__('Filter')}
        </button>
        {text || typed ? (
          <button type="button" className="jp-mod-styled jp-mlops-Button" onClick={() => use('')}>
            {trans.__('Clear')}
          </button>
        ) : null}
      </form>
      <QueryHelp trans={trans} history={history} onUse={use} />
      {failure ? (
        <div id={`${id}-wrong`} className="jp-mlops-HomeWrong" role="alert" data-testid="mlops-home-query-failure">
          <strong>{failure.message}</strong> <span>{failure.hint}</span>
        </div>
      ) : null}
    </div>
  );
}
