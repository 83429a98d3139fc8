import { TranslationBundle } from '@jupyterlab/translation';
import { JSONValue } from '@lumino/coreutils';
import * as React from 'react';
import { Parameter } from '../api/shapes';
import { Section } from '../ui/Section';
import { fieldOf, read, textOf } from './fields';

interface Props {
  parameters: readonly Parameter[];
  /** Values that differ from the notebook's. */
  values: Readonly<{ [name: string]: JSONValue }>;
  trans: TranslationBundle;
  /** A new value for the next run; undefined goes back to the notebook's. */
  onChange: (name: string, value: JSONValue | undefined) => void;
}

/** The parameters of the next run. */
export function ParamsForm(props: Props): React.ReactElement | null {
  const { parameters, values, trans } = props;
  const changed = Object.keys(values).length;
  if (parameters.length === 0) {
    return null;
  }
  return (
    <Section
      title={trans.__('Parameters')}
      aside={changed ? trans.__('%1 changed', changed) : parameters.length}
      testid="mlops-params"
    >
      <div className="jp-mlops-Form">
        {parameters.map(item => (
          <Row key={item.name} {...props} item={item} />
        ))}
      </div>
    </Section>
  );
}

function Row(props: Props & { item: Parameter }): React.ReactElement {
  const { item, values, trans, onChange } = props;
  const changed = item.name in values;
  const id = `jp-mlops-param-${item.name}`;
  return (
    <div className={`jp-mlops-Param${changed ? ' jp-mod-changed' : ''}`}>
      <label htmlFor={id} title={item.help || item.type}>
        {item.name}
        {item.required ? <span aria-hidden="true"> *</span> : null}
      </label>
      <Input {...props} id={id} value={changed ? values[item.name] : item.default} />
      <button
        className="jp-mlops-Reset"
        disabled={!changed}
        title={trans.__('Back to the notebook’s value')}
        aria-label={trans.__('Set %1 back to the notebook’s value', item.name)}
        onClick={() => onChange(item.name, undefined)}
      >
        ↺
      </button>
    </div>
  );
}

function Input(props: Props & { item: Parameter; id: string; value: JSONValue }): React.ReactElement {
  const { item, id, value, onChange } = props;
  const field = fieldOf(item);
  if (field.kind === 'flag') {
    const flag = value === true;
    return <input id={id} type="checkbox" checked={flag} onChange={() => onChange(item.name, !flag)} />;
  }
  if (field.kind === 'choice') {
    const index = field.choices.findIndex(choice => choice === value);
    return (
      <select
        id={id}
        className="jp-mod-styled"
        value={index}
        onChange={event => onChange(item.name, field.choices[Number(event.target.value)])}
      >
        {field.choices.map((choice, number) => (
          <option key={number} value={number}>
            {String(choice)}
          </option>
        ))}
      </select>
    );
  }
  return <TextInput {...props} />;
}

/** A field that keeps what is typed although it is no value yet. */
function TextInput(props: Props & { item: Parameter; id: string; value: JSONValue }): React.ReactElement {
  const { item, id, value, trans, onChange } = props;
  const field = fieldOf(item);
  const given = item.required && !(item.name in props.values) ? '' : textOf(field, value);
  const [typed, setTyped] = React.useState<{ text: string; error: string } | null>(null);
  const take = (text: string): void => {
    const found = read(field, text, trans);
    setTyped(found.error !== undefined ? { text, error: found.error } : null);
    if (found.error === undefined) {
      onChange(item.name, found.value);
    }
  };
  // A value that was set from elsewhere, or set back, replaces what was typed.
  React.useEffect(() => setTyped(null), [given]);
  return (
    <span className="jp-mlops-ParamField">
      <input
        id={id}
        className="jp-mod-styled"
        value={typed?.text ?? given}
        inputMode={field.kind === 'integer' ? 'numeric' : field.kind === 'number' ? 'decimal' : undefined}
        aria-invalid={typed !== null}
        aria-describedby={typed ? `${id}-error` : undefined}
        onChange={event => take(event.target.value)}
      />
      {typed ? (
        <span id={`${id}-error`} className="jp-mlops-ParamError" role="alert">
          {typed.error}
        </span>
      ) : null}
    </span>
  );
}
