import { Clipboard } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Rights } from '../../api/shapes';
import { FailureNote } from '../../ui/notes';
import { TargetsModel } from '../targetsModel';

interface Props {
  model: TargetsModel;
  target: string;
  purposes: { [purpose: string]: string };
  trans: TranslationBundle;
}

/** The least rights for what one wants to do, as text for who may grant them. */
export function RightsPart({ model, target, purposes, trans }: Props): React.ReactElement {
  const [chosen, setChosen] = React.useState<readonly string[]>(['run']);
  const [subject, setSubject] = React.useState('');
  const { answer, failure, isAsking } = model.rightsOf(target);
  const id = React.useId();
  const toggle = (purpose: string): void =>
    setChosen(chosen.includes(purpose) ? chosen.filter(item => item !== purpose) : [...chosen, purpose]);
  const ask = (event: React.FormEvent): void => {
    event.preventDefault();
    void model.askRights(
      target,
      Object.keys(purposes).filter(item => chosen.includes(item)),
      subject.trim()
    );
  };
  return (
    <form className="jp-mlops-TargetPart" data-testid="mlops-rights" onSubmit={ask}>
      <h3>{trans.__('Rights')}</h3>
      <p className="jp-mlops-HomeDim">
        {trans.__('The least rights for what you want to do, for who may grant them in the namespace.')}
      </p>
      <fieldset className="jp-mlops-Purposes">
        <legend>{trans.__('To')}</legend>
        {Object.entries(purposes).map(([purpose, meaning]) => (
          <label key={purpose}>
            <input type="checkbox" checked={chosen.includes(purpose)} onChange={() => toggle(purpose)} />
            <span>
              <strong>{purpose}</strong> {meaning}
            </span>
          </label>
        ))}
      </fieldset>
      <div className="jp-mlops-TargetTools">
        <label htmlFor={`${id}subject`}>{trans.__('For')}</label>
        <input
          id={`${id}subject`}
          className="jp-mod-styled"
          value={subject}
          maxLength={300}
          placeholder={trans.__('me; or user:NAME, group:NAME, serviceaccount:NAME')}
          spellCheck={false}
          onChange={event => setSubject(event.target.value)}
        />
        <button className="jp-mod-styled jp-mlops-Button" disabled={chosen.length === 0 || isAsking}>
          {trans.__('Show rights')}
        </button>
      </div>
      {failure ? <FailureNote failure={failure} /> : null}
      {answer ? <RightsText rights={answer} trans={trans} /> : null}
    </form>
  );
}

function RightsText({ rights, trans }: { rights: Rights; trans: TranslationBundle }): React.ReactElement {
  const [copied, setCopied] = React.useState('');
  const copy = (): void => {
    Clipboard.copyToSystem(rights.yaml);
    setCopied(rights.yaml);
  };
  return (
    <>
      <div className="jp-mlops-TargetTools">
        <button type="button" className="jp-mod-styled jp-mlops-Button" onClick={copy}>
          {trans.__('Copy')}
        </button>
        <span role="status">
          {copied === rights.yaml
            ? trans.__('Copied. Who may grant them runs: kubectl apply -f -')
            : trans.__('%1 in %2', rights.subject, rights.namespace)}
        </span>
      </div>
      <pre className="jp-mlops-RightsText" tabIndex={0} aria-label={trans.__('Rights as YAML')}>
        {rights.yaml}
      </pre>
    </>
  );
}
