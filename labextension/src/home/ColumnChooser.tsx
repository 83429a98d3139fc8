import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Chosen, Column, Fact } from './columns';
import { Popover } from './Popover';

interface Props {
  facts: readonly Fact[];
  /** Those that do not depend on what was run. */
  fixed: readonly Column[];
  /** Those that are shown. */
  columns: readonly Column[];
  chosen: Chosen;
  trans: TranslationBundle;
  onChoose: (chosen: Chosen) => void;
}

/** Which columns are shown. What was chosen stays; for the others, what differs is shown. */
export function ColumnChooser(props: Props): React.ReactElement {
  const { facts, fixed, columns, chosen, trans, onChoose } = props;
  const shown = new Set(columns.map(column => column.id));
  const box = (id: string, label: string, note = ''): React.ReactElement => (
    <label key={id}>
      <input
        type="checkbox"
        checked={shown.has(id)}
        onChange={event => onChoose({ ...chosen, [id]: event.target.checked })}
      />
      <span>{label}</span> <span className="jp-mlops-HomeDim">{note}</span>
    </label>
  );
  const part = (title: string, boxes: React.ReactElement[]): React.ReactElement | null =>
    boxes.length === 0 ? null : (
      <fieldset>
        <legend>{title}</legend>
        {boxes}
      </fieldset>
    );
  const note = (fact: Fact): string => (fact.same === undefined ? '' : trans.__('same in all'));
  const boxes = (isMetric: boolean): React.ReactElement[] =>
    facts.filter(fact => fact.isMetric === isMetric).map(fact => box(fact.id, fact.name, note(fact)));
  return (
    <Popover button={trans.__('Columns')} label={trans.__('Choose columns')} testid="mlops-home-columns">
      <div className="jp-mlops-HomeColumns">
        {part(
          trans.__('Every run'),
          fixed.map(column => box(column.id, column.label))
        )}
        {part(trans.__('Metrics'), boxes(true))}
        {part(trans.__('Parameters'), boxes(false))}
      </div>
      <button className="jp-mod-styled" disabled={Object.keys(chosen).length === 0} onClick={() => onChoose({})}>
        {trans.__('Show what differs')}
      </button>
    </Popover>
  );
}
