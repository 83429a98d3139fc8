import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { isCluster } from '../../model/targets';
import { FailureNote, LoadingNote, TryAgain } from '../../ui/notes';
import { PlaceFields } from '../../ui/PlaceFields';
import { useSignal } from '../../ui/signals';
import { TargetsModel } from '../targetsModel';
import { TargetCard } from './TargetCard';

/** Where runs of the project can go: what each place can do, its health, and the rights that it takes. */
export function TargetsTab({ model, trans }: { model: TargetsModel; trans: TranslationBundle }): React.ReactElement {
  useSignal(model.changed);
  const { known, contexts } = model;
  const targets = known.answer?.targets ?? [];
  const clusters = targets.filter(isCluster);
  const again = <TryAgain trans={trans} testid="mlops-targets-again" onTry={() => model.refresh()} />;
  if (!known.answer) {
    return known.failure ? (
      <FailureNote failure={known.failure}>{again}</FailureNote>
    ) : (
      <LoadingNote text={trans.__('Asking where runs can go…')} />
    );
  }
  return (
    <div className="jp-mlops-TargetsBody">
      {known.failure ? <FailureNote failure={known.failure}>{again}</FailureNote> : null}
      <div className="jp-mlops-TargetsBar" role="group" aria-label={trans.__('Where to look')}>
        {clusters.length > 0 ? (
          <PlaceFields
            id="jp-mlops-targets"
            place={model.place}
            inForce={clusters[0]}
            contexts={contexts.answer ?? []}
            trans={trans}
            onChange={changes => (model.place = { ...model.place, ...changes })}
          />
        ) : null}
        <button className="jp-mlops-Tool" disabled={known.isAsking} onClick={() => model.refresh()}>
          {trans.__('Ask again')}
        </button>
        <span role="status">{known.isAsking ? trans.__('Asking…') : ''}</span>
      </div>
      {contexts.failure && clusters.length > 0 ? (
        <p className="jp-mlops-HomeDim">{`${contexts.failure.message} ${contexts.failure.hint}`}</p>
      ) : null}
      {targets.map(target => (
        <TargetCard
          key={target.name}
          {...{ model, trans, target }}
          isDefault={target.name === known.answer?.default}
          purposes={known.answer?.purposes ?? {}}
        />
      ))}
    </div>
  );
}
