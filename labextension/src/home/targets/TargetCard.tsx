import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Capability, Target, TargetSetting } from '../../api/shapes';
import { isCluster, whyNot } from '../../model/targets';
import { FindingMark } from '../../ui/FindingMark';
import { DoctorPart } from './DoctorPart';
import { RightsPart } from './RightsPart';
import { TargetsModel } from '../targetsModel';

interface Props {
  model: TargetsModel;
  target: Target;
  isDefault: boolean;
  purposes: { [purpose: string]: string };
  trans: TranslationBundle;
}

/** All about one target. */
export function TargetCard(props: Props): React.ReactElement {
  const { model, target, isDefault, trans } = props;
  const why = whyNot(target);
  return (
    <section
      className="jp-mlops-TargetCard"
      aria-label={trans.__('Target %1', target.name)}
      data-testid="mlops-target-card"
      data-target={target.name}
    >
      <h2>
        {target.name} <FindingMark state={why ? 'failed' : 'ok'} trans={trans} />{' '}
        <span className="jp-mlops-HomeCount">{why ? trans.__('cannot be used now') : trans.__('can be used')}</span>
        {isDefault ? (
          <span className="jp-mlops-HomeCount">{` · ${trans.__('runs of this project go here')}`}</span>
        ) : null}
      </h2>
      {why ? (
        <p className="jp-mlops-TargetWhy">
          {why}
          {target.missing && target.hint ? <span className="jp-mlops-HomeDim">{` ${target.hint}`}</span> : null}
        </p>
      ) : null}
      <div className="jp-mlops-TargetParts">
        {target.capabilities.length > 0 ? <Capabilities items={target.capabilities} trans={trans} /> : null}
        {target.settings.length > 0 ? <Settings target={target} trans={trans} /> : null}
      </div>
      <DoctorPart {...{ model, trans }} target={target.name} />
      {isCluster(target) ? <RightsPart {...{ model, trans }} target={target.name} purposes={props.purposes} /> : null}
    </section>
  );
}

function Capabilities({ items, trans }: { items: Capability[]; trans: TranslationBundle }): React.ReactElement {
  return (
    <div className="jp-mlops-TargetPart">
      <h3>{trans.__('What it can do')}</h3>
      <table className="jp-mlops-Table">
        <tbody>
          {items.map(item => (
            <tr key={item.name}>
              <th scope="row">{item.name}</th>
              <td>
                <FindingMark state={item.missing ? 'failed' : item.unknown ? 'unknown' : 'ok'} trans={trans} />{' '}
                {item.missing ? trans.__('no') : item.unknown ? trans.__('unknown') : trans.__('yes')}
              </td>
              <td>{item.missing || item.unknown}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Settings({ target, trans }: { target: Target; trans: TranslationBundle }): React.ReactElement {
  const isSet = (item: TargetSetting): boolean => item.origin !== 'none';
  const others = target.settings.filter(item => !isSet(item)).map(item => item.name);
  return (
    <div className="jp-mlops-TargetPart">
      <h3>{trans.__('Settings in force')}</h3>
      <table className="jp-mlops-Table">
        <tbody>
          {target.settings.filter(isSet).map(item => (
            <tr key={item.name}>
              <th scope="row">
                <code>{item.name}</code>
              </th>
              <td className="jp-mlops-TargetValue">{item.value}</td>
              <td className="jp-mlops-HomeDim">{originText(item.origin, target.name, trans)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {others.length > 0 ? (
        <p className="jp-mlops-TargetUnset">
          {trans.__('Not set:')} <code>{others.join(', ')}</code>
        </p>
      ) : null}
      <p className="jp-mlops-HomeDim">
        {trans.__(
          'Set them in jupyter_mlops.toml under [%1]; a run may go to another context or namespace.',
          target.name
        )}
      </p>
    </div>
  );
}

function originText(origin: TargetSetting['origin'], target: string, trans: TranslationBundle): string {
  const words = {
    given: trans.__('chosen above'),
    project: trans.__('jupyter_mlops.toml, [%1]', target),
    kubeconfig: trans.__('kubeconfig'),
    pod: trans.__('the image of this server'),
    default: trans.__('default'),
    none: trans.__('not set')
  };
  return words[origin] ?? origin;
}
