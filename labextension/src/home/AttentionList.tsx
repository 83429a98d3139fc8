import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { CommandIDs, runArgs } from '../tokens';
import { CommandButton } from '../ui/CommandButton';
import { whenText } from '../ui/looks';
import { StateMark } from '../ui/marks';
import { Attention } from './attention';
import { shortRun } from './columns';

interface Props {
  items: readonly Attention[];
  folder: string;
  /** In seconds. */
  now: number;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

const FEW = 3;

/** Pipelines that failed and have not succeeded since: why, and buttons to go on. */
export function AttentionList(props: Props): React.ReactElement | null {
  const { items, trans } = props;
  const [isWhole, setWhole] = React.useState(false);
  if (items.length === 0) {
    return null;
  }
  const shown = isWhole ? items : items.slice(0, FEW);
  return (
    <section className="jp-mlops-HomePart" aria-label={trans.__('Needs attention')} data-testid="mlops-home-attention">
      <h2>
        {trans.__('Needs attention')} <span className="jp-mlops-HomeCount">{items.length}</span>
      </h2>
      <ul className="jp-mlops-HomeCards">
        {shown.map(item => (
          <AttentionCard key={item.run.run} item={item} {...props} />
        ))}
      </ul>
      {items.length > FEW ? (
        <button className="jp-mlops-HomeLink" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? trans.__('Show fewer') : trans.__('Show all %1', items.length)}
        </button>
      ) : null}
    </section>
  );
}

function AttentionCard(props: Props & { item: Attention }): React.ReactElement {
  const { item, folder, now, commands, trans } = props;
  const { run, earlier } = item;
  const args = { ...runArgs({ run: run.run, folder }), state: run.state };
  return (
    <li className="jp-mlops-HomeCard">
      <div className="jp-mlops-HomeCardLine">
        <StateMark state={run.state} trans={trans} />
        <strong>{run.pipeline}</strong>
        <code>{shortRun(run.run)}</code>
        <span className="jp-mlops-HomeDim">{whenText(run.finished ?? run.created, now, trans)}</span>
        {earlier > 0 ? (
          <span className="jp-mlops-HomeDim">{trans._n('and %1 before', 'and %1 before', earlier)}</span>
        ) : null}
      </div>
      <p className="jp-mlops-HomeReason" title={run.reason}>
        {run.interrupted ? trans.__('It was interrupted: its engine ended. ') : ''}
        {run.reason || (run.interrupted ? '' : trans.__('No reason was recorded; the run tells more.'))}
      </p>
      <div className="jp-mlops-HomeCardButtons">
        <CommandButton commands={commands} id={CommandIDs.retryRun} args={args} label={trans.__('Retry')} />
        <CommandButton commands={commands} id={CommandIDs.openRun} args={args} label={trans.__('Open')} />
      </div>
    </li>
  );
}
