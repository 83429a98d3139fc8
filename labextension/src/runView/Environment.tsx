import { TranslationBundle } from '@jupyterlab/translation';
import { JSONObject, JSONValue } from '@lumino/coreutils';
import * as React from 'react';
import { valueText } from '../ui/looks';

/** Versions with which a run was made: the few that matter, and the packages below. */
export function Environment(props: { trans: TranslationBundle; environment?: JSONObject }): React.ReactElement | null {
  const { trans, environment } = props;
  if (!environment || Object.keys(environment).length === 0) {
    return null;
  }
  const entries = Object.entries(environment);
  const facts = entries.filter(([, value]) => !isObject(value));
  const groups = entries.filter(([, value]) => isObject(value));
  return (
    <section aria-label={trans.__('Environment')}>
      <h4 className="jp-mlops-Heading">{trans.__('Environment')}</h4>
      {facts.length > 0 ? <Facts facts={facts} /> : null}
      {groups.map(([name, value]) => (
        <details key={name} className="jp-mlops-Fold">
          <summary>
            {name} <span className="jp-mlops-Faint">{Object.keys(value as JSONObject).length}</span>
          </summary>
          <Facts facts={Object.entries(value as JSONObject)} />
        </details>
      ))}
    </section>
  );
}

function Facts(props: { facts: [string, JSONValue][] }): React.ReactElement {
  return (
    <table className="jp-mlops-Table">
      <tbody>
        {props.facts.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{valueText(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function isObject(value: JSONValue): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
