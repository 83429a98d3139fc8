import * as React from 'react';
import { Artifact, Preview } from '../api/shapes';
import { bytesText } from '../ui/looks';
import { EmptyNote, FailureNote, LoadingNote, TryAgain } from '../ui/notes';
import { RunServices } from './services';
import { useLoaded } from './useLoaded';

/** The beginning of an artifact in a form in which nothing of it can run. */
export function ArtifactPreview(props: { services: RunServices; item: Artifact }): React.ReactElement {
  const { services, item } = props;
  const { trans, client, ref } = services;
  const preview = useLoaded(item.digest, () => client.preview(ref, item.digest));
  if (!preview.value) {
    return preview.failure ? (
      <FailureNote failure={preview.failure}>
        <TryAgain trans={trans} onTry={preview.again} />
      </FailureNote>
    ) : (
      <LoadingNote text={trans.__('Loading…')} />
    );
  }
  const { kind, bytes, cut } = preview.value;
  if (kind === 'none') {
    return <EmptyNote title={trans.__('No preview of this kind (%1).', bytesText(bytes))} />;
  }
  return (
    <div className="jp-mlops-Preview">
      <Content preview={preview.value} name={item.name} />
      {cut ? (
        <p className="jp-mlops-Faint">{trans.__('Only the beginning of %1 is shown.', bytesText(bytes))}</p>
      ) : null}
    </div>
  );
}

function Content({ preview, name }: { preview: Preview; name: string }): React.ReactElement {
  // An image comes as data: no address is fetched. Any other than an image's is not shown.
  if (preview.kind === 'image' && /^data:image\/[\w.+-]+;base64,/.test(preview.image)) {
    return <img src={preview.image} alt={name} />;
  }
  if (preview.kind === 'html') {
    // An empty sandbox: no scripts, no forms, no same origin.
    return <iframe sandbox="" srcDoc={preview.text} title={name} referrerPolicy="no-referrer" />;
  }
  if (preview.kind === 'table') {
    const [head = [], ...rows] = preview.rows;
    return (
      <div className="jp-mlops-TableBox" tabIndex={0} role="group" aria-label={name}>
        <table className="jp-mlops-Table">
          <thead>
            <tr>
              {head.map((text, index) => (
                <th key={index} scope="col">
                  {text}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>
                {row.map((text, column) => (
                  <td key={column}>{text}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    );
  }
  return (
    <pre className="jp-mlops-Pre" tabIndex={0}>
      {preview.text}
    </pre>
  );
}
