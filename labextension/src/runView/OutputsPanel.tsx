import * as React from 'react';
import { EmptyNote, FailureNote, LoadingNote, TryAgain } from '../ui/notes';
import { Cell, cellsOf } from './executed';
import { MarkedSource } from './FailurePanel';
import { OutputView } from './OutputView';
import { RunServices } from './services';
import { useLoaded } from './useLoaded';

interface Props {
  services: RunServices;
  /** Whose executed notebook; null: the run's, with all cells. */
  task: string | null;
  /** Another text when there may be another notebook: its state, its attempt. */
  version: string;
  isLive: boolean;
}

const LOOK_EVERY_MS = 3000;

/** An executed notebook: each cell's source folded, and its outputs as a notebook shows them, but none trusted. */
export function OutputsPanel({ services, task, version, isLive }: Props): React.ReactElement {
  const { trans, client, ref } = services;
  const notebook = useLoaded(`${task} ${version}`, () => client.notebook(ref, task ?? undefined));
  const [sources, setSources] = React.useState(false);
  const { again } = notebook;
  React.useEffect(() => {
    const timer = isLive ? window.setInterval(() => document.hidden || again(), LOOK_EVERY_MS) : undefined;
    return () => window.clearInterval(timer);
  }, [isLive, again]);
  if (!notebook.value) {
    if (!notebook.failure) {
      return <LoadingNote text={trans.__('Loading the executed notebook…')} />;
    }
    return notebook.failure.status === 404 ? (
      <EmptyNote title={notebook.failure.message}>{notebook.failure.hint}</EmptyNote>
    ) : (
      <FailureNote failure={notebook.failure}>
        <TryAgain trans={trans} onTry={again} />
      </FailureNote>
    );
  }
  const cells = cellsOf(notebook.value).filter(cell => cell.type === 'code' && cell.source.trim() !== '');
  if (cells.length === 0) {
    return <EmptyNote title={trans.__('The executed notebook has no code.')} />;
  }
  return (
    <div className="jp-mlops-Outputs">
      <label className="jp-mlops-RunCheck">
        <input type="checkbox" checked={sources} onChange={event => setSources(event.target.checked)} />
        {trans.__('Show all code')}
      </label>
      {cells.map(cell => (
        <CellView key={cell.id} services={services} cell={cell} isOpen={sources} />
      ))}
    </div>
  );
}

/** Drawn again only if something of the cell changed: outputs would flicker, and lose what was scrolled. */
const CellView = React.memo(
  function CellView(props: { services: RunServices; cell: Cell; isOpen: boolean }): React.ReactElement {
    const { services, cell } = props;
    const [first, ...others] = cell.source.trim().split('\n');
    return (
      <article className="jp-mlops-Cell">
        <details className="jp-mlops-CellSource" open={props.isOpen}>
          <summary>
            <span className="jp-mlops-Count">[{cell.count ?? ' '}]</span>
            <code>{first}</code>
            {others.length > 0 ? (
              <span className="jp-mlops-Faint">{services.trans._n('+%1 line', '+%1 lines', others.length)}</span>
            ) : null}
          </summary>
          <MarkedSource source={cell.source} line={null} label={services.trans.__('Source')} />
        </details>
        {cell.outputs.map((output, index) => (
          <OutputView key={index} services={services} output={output} />
        ))}
      </article>
    );
  },
  (one, other) => one.isOpen === other.isOpen && JSON.stringify(one.cell) === JSON.stringify(other.cell)
);
