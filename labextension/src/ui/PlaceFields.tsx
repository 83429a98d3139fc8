import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Context, Place } from '../api/shapes';

interface Props {
  /** The beginning of the ids in the page. */
  id: string;
  place: Place;
  /** What counts where nothing is chosen. */
  inForce: Place;
  contexts: readonly Context[];
  trans: TranslationBundle;
  onChange: (changes: Partial<Place>) => void;
}

/** Which cluster, and which namespace of it. */
export function PlaceFields({ id, place, inForce, contexts, trans, onChange }: Props): React.ReactElement {
  const isUnknown = place.context !== '' && !contexts.some(item => item.name === place.context);
  const own = place.context ? '' : inForce.context;
  return (
    <>
      <label htmlFor={`${id}-context`}>{trans.__('Context')}</label>
      <select
        id={`${id}-context`}
        className="jp-mod-styled"
        value={place.context}
        onChange={event => onChange({ context: event.target.value })}
      >
        <option value="">{own ? trans.__('as set (%1)', own) : trans.__('as set')}</option>
        {isUnknown ? <option value={place.context}>{place.context}</option> : null}
        {contexts.map(item => (
          <option key={item.name} value={item.name}>
            {item.cluster ? `${item.name} · ${item.cluster}` : item.name}
          </option>
        ))}
      </select>
      <label htmlFor={`${id}-namespace`}>{trans.__('Namespace')}</label>
      <TextOnceDone
        id={`${id}-namespace`}
        value={place.namespace}
        placeholder={place.namespace ? '' : inForce.namespace}
        names={contexts.map(item => item.namespace)}
        onChange={namespace => onChange({ namespace })}
      />
    </>
  );
}

interface TextProps {
  id: string;
  value: string;
  placeholder: string;
  /** What may be meant. */
  names: readonly string[];
  onChange: (text: string) => void;
}

/** A line of text that is told when it is done: at Enter, or when one goes on. Escape takes it back. */
function TextOnceDone({ id, value, placeholder, names, onChange }: TextProps): React.ReactElement {
  const [text, setText] = React.useState(value);
  React.useEffect(() => setText(value), [value]);
  const done = (): void => {
    if (text.trim() !== value) {
      onChange(text.trim());
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Enter') {
      event.preventDefault();
      done();
    } else if (event.key === 'Escape') {
      setText(value);
    }
  };
  return (
    <>
      <input
        id={id}
        className="jp-mod-styled"
        list={`${id}-names`}
        spellCheck={false}
        autoComplete="off"
        maxLength={63}
        {...{ placeholder, onKeyDown }}
        value={text}
        onChange={event => setText(event.target.value)}
        onBlur={done}
      />
      <datalist id={`${id}-names`}>
        {[...new Set(names)].map(name => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
