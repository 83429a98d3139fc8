import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Diagnostic, Fix, Severity } from '../api/shapes';
import { severityIcon } from '../ui/looks';
import { Section } from '../ui/Section';

interface Props {
  diagnostics: readonly Diagnostic[];
  trans: TranslationBundle;
  /** Go to the cell and line that a diagnostic is about. */
  onGo: (diagnostic: Diagnostic) => void;
  onFix: (fix: Fix) => void;
}

const ORDER: Severity[] = ['error', 'warning', 'info'];

/** What a check found, the worst first: where it is, the way out, and quick fixes. */
export function Problems(props: Props): React.ReactElement {
  const { diagnostics, trans } = props;
  const [all, setAll] = React.useState(false);
  const sorted = [...diagnostics].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  const shown = all ? sorted : sorted.slice(0, 50);
  const serious = diagnostics.some(item => item.severity !== 'info');
  return (
    <Section title={trans.__('Problems')} aside={diagnostics.length} open={serious} testid="mlops-diagnostics">
      {diagnostics.length === 0 ? <p className="jp-mlops-Quiet">{trans.__('None found.')}</p> : null}
      <ul className="jp-mlops-List">
        {shown.map((item, index) => (
          <Problem key={`${item.code}:${item.cell}:${item.line}:${item.name}:${index}`} {...props} item={item} />
        ))}
      </ul>
      {shown.length < sorted.length ? (
        <button className="jp-mlops-Link" onClick={() => setAll(true)}>
          {trans.__('Show all %1', sorted.length)}
        </button>
      ) : null}
    </Section>
  );
}

function Problem({ item, trans, onGo, onFix }: Props & { item: Diagnostic }): React.ReactElement {
  const words: { [severity in Severity]: string } = {
    error: trans.__('Error'),
    warning: trans.__('Warning'),
    info: trans.__('Note')
  };
  const place = placeText(item, trans);
  return (
    <li className={`jp-mlops-Problem jp-mlops-mod-${item.severity}`} data-code={item.code}>
      <span className="jp-mlops-ProblemIcon" role="img" aria-label={words[item.severity]}>
        {severityIcon(item.severity)}
      </span>
      <div className="jp-mlops-ProblemBody">
        <span className="jp-mlops-ProblemText">{item.message}</span>
        {item.hint ? <span className="jp-mlops-Quiet">{item.hint}</span> : null}
        <span className="jp-mlops-Row">
          {place ? (
            <button className="jp-mlops-Link" data-testid="mlops-go" onClick={() => onGo(item)}>
              {place}
            </button>
          ) : null}
          <span className="jp-mlops-Code">{item.code}</span>
          {item.fixes?.map(fix => (
            <button key={fix.title} className="jp-mlops-Tool" data-testid="mlops-fix" onClick={() => onFix(fix)}>
              {fix.title}
            </button>
          ))}
        </span>
      </div>
    </li>
  );
}

function placeText(item: Diagnostic, trans: TranslationBundle): string {
  if (item.cell === null || item.cell === undefined) {
    return '';
  }
  // No number of a cell: JupyterLab counts them from 1, and the library, as notebooks do, from 0.
  if (item.step) {
    return item.line ? trans.__('%1, line %2', item.step, item.line) : item.step;
  }
  return item.line ? trans.__('Go to line %1 of the cell', item.line) : trans.__('Go to the cell');
}
