import * as React from 'react';
import { Artifact } from '../api/shapes';
import { asFailure, Failure } from '../api/failure';
import { bytesText } from '../ui/looks';
import { EmptyNote, FailureNote, LoadingNote, TryAgain } from '../ui/notes';
import { ArtifactPreview } from './ArtifactPreview';
import { save } from './save';
import { RunServices } from './services';
import { useLoaded } from './useLoaded';

interface Props {
  services: RunServices;
  /** Only what this task made or used; null: the whole run. */
  task: string | null;
  /** Another text when there may be other artifacts. */
  version: string;
}

/** What a run made and used: files and values, each with a preview and a way to save it. */
export function ArtifactsPanel({ services, task, version }: Props): React.ReactElement {
  const { trans, client, ref } = services;
  const artifacts = useLoaded(version, () => client.artifacts(ref));
  if (!artifacts.value) {
    return artifacts.failure ? (
      <FailureNote failure={artifacts.failure}>
        <TryAgain trans={trans} onTry={artifacts.again} />
      </FailureNote>
    ) : (
      <LoadingNote text={trans.__('Loading artifacts…')} />
    );
  }
  const shown = artifacts.value.filter(item => task === null || item.task === task);
  if (shown.length === 0) {
    return (
      <EmptyNote title={trans.__('No artifacts.')}>
        {trans.__('In a cell: %1', 'mlops.log_artifact("report.html")')}
      </EmptyNote>
    );
  }
  const [made, used] = [shown.filter(item => item.role !== 'input'), shown.filter(item => item.role === 'input')];
  return (
    <div className="jp-mlops-Artifacts">
      {[
        { title: trans.__('Made'), items: made },
        { title: trans.__('Used'), items: used }
      ].map(({ title, items }) =>
        items.length > 0 ? (
          <section key={title} aria-label={title}>
            <h4 className="jp-mlops-Heading">{title}</h4>
            <ul className="jp-mlops-List">
              {items.map(item => (
                <ArtifactItem
                  key={`${item.task} ${item.role} ${item.name} ${item.digest}`}
                  services={services}
                  item={item}
                  withTask={task === null}
                />
              ))}
            </ul>
          </section>
        ) : null
      )}
    </div>
  );
}

function ArtifactItem(props: { services: RunServices; item: Artifact; withTask: boolean }): React.ReactElement {
  const { services, item, withTask } = props;
  const { trans, client, ref } = services;
  const [open, setOpen] = React.useState(false);
  const [failure, setFailure] = React.useState<Failure | null>(null);
  const download = (): void => {
    client.download(ref, item.digest).then(
      blob => (setFailure(null), save(blob, fileName(item))),
      thrown => setFailure(asFailure(thrown))
    );
  };
  return (
    <li className="jp-mlops-Artifact">
      <div className="jp-mlops-ArtifactRow">
        <button className="jp-mlops-Disclose" aria-expanded={open} onClick={() => setOpen(!open)}>
          <span aria-hidden="true">{open ? '▾' : '▸'}</span>
          <span className="jp-mlops-Cut">{item.name}</span>
        </button>
        <span className="jp-mlops-Faint">{item.type}</span>
        {withTask ? <span className="jp-mlops-Faint jp-mlops-Cut">{item.task}</span> : null}
        <span className="jp-mlops-Number">{item.bytes > 0 ? bytesText(item.bytes) : ''}</span>
        <button className="jp-mlops-Tool" onClick={download} aria-label={trans.__('Save %1', item.name)}>
          {trans.__('Save')}
        </button>
      </div>
      {failure ? <FailureNote failure={failure} /> : null}
      {open ? <ArtifactPreview services={services} item={item} /> : null}
    </li>
  );
}

/** The name of the file to save; the artifact's own name may have folders, or no ending. */
function fileName(item: Artifact): string {
  const file = typeof item.metadata.file === 'string' ? item.metadata.file : item.name;
  return file.split('/').pop() || 'artifact';
}
