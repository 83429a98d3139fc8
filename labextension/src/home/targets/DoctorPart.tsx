import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Doctor, Finding } from '../../api/shapes';
import { durationText } from '../../ui/looks';
import { FailureNote } from '../../ui/notes';
import { useNow } from '../../ui/now';
import { TargetsModel } from '../targetsModel';
import { FindingMark, findingWord } from '../../ui/FindingMark';

interface Props {
  model: TargetsModel;
  target: string;
  trans: TranslationBundle;
}

/** Whether the target is fit for runs: checks when asked, and tells what each found. */
export function DoctorPart({ model, target, trans }: Props): React.ReactElement {
  const { answer, failure, isAsking, since } = model.doctorOf(target);
  useNow(500, isAsking);
  const waited = Math.max(0, Math.round((performance.now() - since) / 1000));
  return (
    <div className="jp-mlops-TargetPart" data-testid="mlops-doctor">
      <h3>{trans.__('Doctor')}</h3>
      <div className="jp-mlops-TargetTools">
        <button
          className="jp-mod-styled jp-mlops-Button"
          aria-disabled={isAsking}
          onClick={() => void (isAsking || model.check(target))}
        >
          {answer || failure ? trans.__('Check again') : trans.__('Check')}
        </button>
        {isAsking ? <progress aria-label={trans.__('Checking')} /> : null}
        <span role="status">
          {isAsking ? trans.__('Checking… %1 s', waited) : answer ? summaryText(answer, trans) : ''}
        </span>
      </div>
      {failure ? <FailureNote failure={failure} /> : null}
      {answer ? <Findings findings={answer.findings} trans={trans} isOld={isAsking} /> : null}
    </div>
  );
}

function Findings(props: { findings: Finding[]; trans: TranslationBundle; isOld: boolean }): React.ReactElement {
  const { findings, trans, isOld } = props;
  return (
    <table className={`jp-mlops-Table jp-mlops-Findings${isOld ? ' jp-mlops-mod-old' : ''}`}>
      <tbody>
        {findings.map((item, index) => (
          <tr key={index} data-state={item.state}>
            <td>
              <FindingMark state={item.state} trans={trans} />
            </td>
            <th scope="row">{item.name}</th>
            <td>
              {item.said}
              {item.hint ? <span className="jp-mlops-FindingHint">{item.hint}</span> : null}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** `2 bad · 11 good, in 40 ms`. */
function summaryText({ findings, seconds }: Doctor, trans: TranslationBundle): string {
  const states = ['failed', 'warning', 'unknown', 'ok'] as const;
  const counts = states
    .map(state => ({ state, count: findings.filter(item => item.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${findingWord(state, trans)}`);
  return trans.__('%1, in %2', counts.join(' · '), durationText(seconds));
}
