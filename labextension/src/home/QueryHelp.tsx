import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Popover } from './Popover';

interface Props {
  trans: TranslationBundle;
  /** Filters that were used, the last one first. */
  history: readonly string[];
  onUse: (query: string) => void;
}

/** What can be asked for, by examples; a click uses one. Below them the filters that were used. */
export function QueryHelp(props: Props): React.ReactElement {
  const { trans, history } = props;
  const examples: [string, string][] = [
    ["metrics.acc > 0.9 and params.model = 'rf'", trans.__('good runs of one model')],
    ["pipeline = 'wine' and state = 'failed'", trans.__('failed runs of one pipeline')],
    ["params.depth in (2, 4) or not tags.owner = 'A'", trans.__('one of some values; or not')],
    ["notebook like '%wine%' and seconds > 60", trans.__('part of a text; what took long')],
    ["started > '2026-01-31T12:00'", trans.__('since a time')],
    ['metrics."val acc" != none', trans.__('a name with a space; what has a metric')]
  ];
  return (
    <Popover button="?" label={trans.__('How to filter, and filters used before')} testid="mlops-home-help">
      {leave => {
        const use = (query: string): void => {
          props.onUse(query);
          leave();
        };
        return (
          <>
            <h3>{trans.__('Examples')}</h3>
            <dl className="jp-mlops-HomeExamples">
              {examples.map(([query, words]) => (
                <React.Fragment key={query}>
                  <dt>
                    <button onClick={() => use(query)}>{query}</button>
                  </dt>
                  <dd>{words}</dd>
                </React.Fragment>
              ))}
            </dl>
            <p>
              {trans.__(
                'Names are params.NAME, metrics.NAME, tags.NAME, or one of: run, pipeline, experiment, state, created, started, finished, seconds, notebook, target, user, reason.'
              )}
            </p>
            {history.length > 0 ? <h3>{trans.__('Used before')}</h3> : null}
            <ul className="jp-mlops-HomeHistory">
              {history.map(query => (
                <li key={query}>
                  <button onClick={() => use(query)}>{query}</button>
                </li>
              ))}
            </ul>
          </>
        );
      }}
    </Popover>
  );
}
