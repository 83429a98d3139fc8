import * as React from 'react';
import { quoted } from '../api/query';
import { ListedRun, Run } from '../api/shapes';
import { stateIcon, whenText } from '../ui/looks';
import { EmptyNote, FailureNote, LoadingNote, TryAgain } from '../ui/notes';
import { Comparison } from './Comparison';
import { RunServices } from './services';
import { useLoaded } from './useLoaded';

interface Props {
  services: RunServices;
  run: Run;
  /** The other run; empty: not chosen yet. */
  other: string;
  now: number;
  /** Another run was chosen; null: no comparison any more. */
  onOther: (run: string | null) => void;
}

const MOST_RUNS = 200;

/** This run beside another one of the same pipeline. */
export function Compare({ services, run, other, now, onOther }: Props): React.ReactElement {
  const { trans, client, ref } = services;
  const [swapped, setSwapped] = React.useState(false);
  const listed = useLoaded(run.run, () =>
    client.runs({ folder: ref.folder, query: `pipeline = ${quoted(run.pipeline)}`, limit: MOST_RUNS })
  );
  const runs = (listed.value?.runs ?? []).filter(item => item.run !== run.run);
  const chosen = other || runs[0]?.run || '';
  const isLoading = !listed.value && !listed.failure;
  return (
    <section
      className="jp-mlops-Compare"
      aria-label={trans.__('Comparison')}
      data-testid="mlops-compare"
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.preventDefault();
          onOther(null);
        }
      }}
    >
      <Bar {...{ services, runs, other, chosen, now, swapped, onOther }} onSwap={() => setSwapped(!swapped)} />
      {listed.failure ? (
        <FailureNote failure={listed.failure}>
          <TryAgain trans={trans} onTry={listed.again} />
        </FailureNote>
      ) : null}
      {chosen ? (
        <Both key={`${chosen} ${swapped}`} services={services} run={run} other={chosen} swapped={swapped} />
      ) : isLoading ? (
        <LoadingNote text={trans.__('Looking for other runs…')} />
      ) : listed.failure ? null : (
        <EmptyNote title={trans.__('There is no other run of %1 yet.', run.pipeline)} />
      )}
    </section>
  );
}

interface BarProps extends Omit<Props, 'run'> {
  /** The other runs of the pipeline, and which of them is compared. */
  runs: readonly ListedRun[];
  chosen: string;
  swapped: boolean;
  onSwap: () => void;
}

/** With which run it is compared, in which order, and the way back. */
function Bar(props: BarProps): React.ReactElement {
  const { services, runs, other, chosen, now, swapped, onOther } = props;
  const { trans } = services;
  return (
    <div className="jp-mlops-CompareBar">
      <label>
        {trans.__('Compare with')}{' '}
        <select
          className="jp-mlops-Input"
          value={chosen}
          disabled={runs.length === 0 && !other}
          onChange={event => onOther(event.target.value)}
        >
          {other && !runs.some(item => item.run === other) ? <option value={other}>{other.slice(-8)}</option> : null}
          {runs.map(item => (
            <option key={item.run} value={item.run}>
              {runText(item, now, services)}
            </option>
          ))}
        </select>
      </label>
      <button className="jp-mlops-Tool" aria-pressed={swapped} onClick={props.onSwap} disabled={!chosen}>
        {trans.__('⇄ Swap')}
      </button>
      <span className="jp-mlops-Spring" />
      <button className="jp-mlops-Tool" onClick={() => onOther(null)}>
        {trans.__('Back to the run')}
      </button>
    </div>
  );
}

function Both(props: { services: RunServices; run: Run; other: string; swapped: boolean }): React.ReactElement {
  const { services, run, swapped } = props;
  const { trans, client, ref } = services;
  const loaded = useLoaded(run.state, async () => {
    const other = await client.run({ ...ref, run: props.other });
    const [first, second] = swapped ? [run, other] : [other, run];
    return { first, second, diff: await client.diff({ ...ref, run: first.run }, second.run) };
  });
  if (!loaded.value) {
    return loaded.failure ? (
      <FailureNote failure={loaded.failure}>
        <TryAgain trans={trans} onTry={loaded.again} />
      </FailureNote>
    ) : (
      <LoadingNote text={trans.__('Comparing…')} />
    );
  }
  return <Comparison trans={trans} {...loaded.value} current={run.run} />;
}

function runText(item: ListedRun, now: number, { trans }: RunServices): string {
  const metrics = Object.entries(item.metrics)
    .slice(0, 2)
    .map(([name, value]) => `${name} ${value === null ? '–' : Number(value.toPrecision(4))}`);
  return [
    `${stateIcon(item.state)} ${whenText(item.started ?? item.created, now, trans)}`,
    ...metrics,
    item.run.slice(-8)
  ].join(' · ');
}
