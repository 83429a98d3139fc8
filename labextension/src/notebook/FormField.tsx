import { TranslationBundle } from '@jupyterlab/translation';
import { PartialJSONValue } from '@lumino/coreutils';
import * as React from 'react';
import { FieldSchema, kindOf, textOf, valueOf } from './fieldText';

/** A field of the form in the property inspector. */
export interface FormFieldProps {
  /** The key that it edits, for example `cpu`. */
  name: string;
  /** The cell or notebook whose key it is. */
  owner: string;
  title: string;
  description: string;
  schema: FieldSchema;
  value: PartialJSONValue | undefined;
  /** What counts as long as nothing is set. */
  found: string;
  /** Values to choose from or to complete. */
  known: readonly string[];
  trans: TranslationBundle;
  /** What is wrong with a value, in a sentence; empty if it is good. */
  check(value: PartialJSONValue | undefined): string;
  /** Called when the person is done with a new value; undefined removes the key. */
  onChange(value: PartialJSONValue | undefined): void;
}

/** A label, an input as the schema asks for it, a help text, and what is wrong. Writes when the person leaves it. */
export function FormField(props: FormFieldProps): React.ReactElement {
  const { name, schema, value, trans } = props;
  const kind = kindOf(schema);
  const kept = textOf(value, kind);
  const key = `${props.owner} ${name}`;
  const [text, setText] = useDraft(key, kept);
  const [problem, setProblem] = React.useState('');
  React.useEffect(() => setProblem(''), [kept]);
  const id = React.useId();
  const box = React.useRef<HTMLDivElement>(null);
  useKeptFocus(box, name);
  const commit = (written: string): void => {
    forget(key);
    if (written.trim() === kept.trim()) {
      setProblem('');
      return;
    }
    const read = valueOf(written, schema);
    const wrong = 'problem' in read ? trans.__('Write NAME=VALUE, not "%1".', read.problem) : props.check(read.value);
    setProblem(wrong);
    if (!wrong && 'value' in read) {
      committed = { name: focused, at: Date.now() };
      props.onChange(read.value);
    }
  };
  const input: InputProps = { ...props, kind, text, setText, commit, id, problem };
  return (
    <div className="jp-mlops-Field" data-testid={`mlops-field-${name}`} ref={box} onFocus={() => (focused = name)}>
      <label htmlFor={id}>{props.title}</label>
      <FieldInput {...input} />
      {problem ? (
        <p className="jp-mlops-FieldProblem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      ) : null}
      <p className="jp-mlops-FieldHelp" id={`${id}-help`}>
        {props.description}
      </p>
    </div>
  );
}

interface InputProps extends FormFieldProps {
  kind: ReturnType<typeof kindOf>;
  text: string;
  setText(text: string): void;
  commit(text: string): void;
  id: string;
  problem: string;
}

function FieldInput(props: InputProps): React.ReactElement {
  const { id, kind, text, setText, commit, found, problem } = props;
  const common = {
    id,
    className: 'jp-mod-styled',
    'aria-describedby': problem ? `${id}-problem ${id}-help` : `${id}-help`,
    'aria-invalid': problem !== ''
  };
  if (kind === 'choice' || kind === 'switch') {
    return <Choice {...props} common={common} />;
  }
  const editing = {
    ...common,
    value: text,
    placeholder: found,
    spellCheck: false,
    onChange: (event: { target: { value: string } }) => setText(event.target.value),
    onBlur: () => {
      // When the focus has moved on: writing makes the form anew, also the field that is to get the focus.
      window.setTimeout(() => commit(text));
    }
  };
  if (kind === 'lines' || kind === 'pairs') {
    return <textarea {...editing} rows={Math.max(2, text.split('\n').length)} />;
  }
  return (
    <>
      <input
        {...editing}
        type="text"
        list={props.known.length > 0 ? `${id}-known` : undefined}
        onKeyDown={event => event.key === 'Enter' && commit(text)}
      />
      {props.known.length > 0 ? (
        <datalist id={`${id}-known`}>
          {props.known.map(item => (
            <option key={item} value={item} />
          ))}
        </datalist>
      ) : null}
    </>
  );
}

function Choice(props: InputProps & { common: React.SelectHTMLAttributes<HTMLSelectElement> }): React.ReactElement {
  const { schema, text, trans, found } = props;
  const words: [string, string][] = schema.enum
    ? schema.enum.map(word => [word, word])
    : [
        ['true', trans.__('yes')],
        ['false', trans.__('no')]
      ];
  return (
    <select
      {...props.common}
      value={text}
      onChange={event => (props.setText(event.target.value), props.commit(event.target.value))}
    >
      <option value="">{found ? trans.__('as found: %1', found) : trans.__('not set')}</option>
      {words.map(([word, label]) => (
        <option key={word} value={word}>
          {label}
        </option>
      ))}
    </select>
  );
}

/** What is typed into a field; it outlives the form, which is built anew when an earlier change is written. */
function useDraft(key: string, kept: string): [string, (text: string) => void] {
  const [text, setText] = React.useState(draft?.key === key ? draft.text : kept);
  const last = React.useRef(kept);
  React.useEffect(() => {
    if (last.current !== kept) {
      last.current = kept;
      forget(key);
      setText(kept);
    }
  }, [key, kept]);
  const type = (typed: string): void => {
    draft = { key, text: typed };
    setText(typed);
  };
  return [text, type];
}

function forget(key: string): void {
  draft = draft?.key === key ? null : draft;
}

/** The property inspector builds its form anew after each change; the field with the focus gets it back. */
function useKeptFocus(box: React.RefObject<HTMLDivElement>, name: string): void {
  React.useEffect(() => {
    const isBack = name === (focused || committed.name) && Date.now() - committed.at < REBUILT_WITHIN_MS;
    if (isBack && (document.activeElement === document.body || !document.activeElement)) {
      box.current?.querySelector<HTMLElement>('input, select, textarea')?.focus();
    }
  }, [box, name]);
}

const REBUILT_WITHIN_MS = 1000;
let draft: { key: string; text: string } | null = null;
let focused = '';
let committed = { name: '', at: 0 };
