import { OutputModel } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import * as React from 'react';
import { parseAnsi } from './ansi';
import { Output } from './executed';
import { AnsiText } from './LogText';
import { RunServices } from './services';

interface Props {
  services: RunServices;
  output: Output;
}

/** Printed text is cut here: all of it is in the log. */
const MOST_TEXT = 20_000;

/** One output of a cell, made by JupyterLab's renderers as that of a notebook that nobody trusts: no script runs. */
export function OutputView({ services, output }: Props): React.ReactElement {
  if (output.output_type === 'stream' || output.output_type === 'error') {
    return <Printed services={services} output={output} />;
  }
  return <Rendered services={services} output={output} />;
}

function Printed({ services, output }: Props): React.ReactElement {
  const isError = output.output_type === 'error';
  const text = joined(isError ? output.traceback : output.text, isError ? '\n' : '');
  const shown = text.length > MOST_TEXT ? text.slice(-MOST_TEXT) : text;
  const isBad = isError || output.name === 'stderr';
  return (
    <div className={`jp-mlops-Output${isBad ? ' jp-mlops-mod-stderr' : ''}`}>
      {shown === text ? null : (
        <p className="jp-mlops-Faint">{services.trans.__('Only the end is shown. The log has all of it.')}</p>
      )}
      <pre className="jp-mlops-Pre" tabIndex={0}>
        <AnsiText spans={parseAnsi(shown).spans} />
      </pre>
    </div>
  );
}

function Rendered({ services, output }: Props): React.ReactElement {
  const { rendermime, trans } = services;
  const host = React.useRef<HTMLDivElement>(null);
  const [plain, setPlain] = React.useState<string | null>(null);
  // A layout effect, for a widget must be taken away while its node is still in the page.
  React.useLayoutEffect(() => {
    setPlain(null);
    const model = new OutputModel({ value: output, trusted: false });
    const mime = rendermime?.preferredMimeType(model.data, 'ensure');
    if (!mime || !rendermime || !host.current) {
      const text = joined(model.data['text/plain'], '');
      setPlain(text || trans.__('There is no safe way to show this output.'));
      model.dispose();
      return;
    }
    const renderer = rendermime.createRenderer(mime);
    Widget.attach(renderer, host.current);
    let isOver = false;
    const text = joined(model.data['text/plain'], '');
    renderer.renderModel(model).catch(() => isOver || setPlain(text));
    return () => {
      isOver = true;
      renderer.dispose();
      model.dispose();
    };
  }, [output, rendermime, trans]);
  return (
    <div className="jp-mlops-Output">
      <div ref={host} />
      {plain === null ? null : (
        <pre className="jp-mlops-Pre" tabIndex={0}>
          {plain}
        </pre>
      )}
    </div>
  );
}

function joined(text: unknown, between: string): string {
  return Array.isArray(text) ? text.join(between) : typeof text === 'string' ? text : '';
}
