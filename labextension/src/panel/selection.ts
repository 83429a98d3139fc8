import * as React from 'react';
import { PipelineModel } from '../model/pipelineModel';

/**
 * The selected step. It follows the notebook's active cell; selecting a step scrolls to its first cell and leaves the
 * keyboard where it is.
 */
export function useSelectedStep(pipeline: PipelineModel): [string | null, (step: string | null) => void] {
  const notebook = pipeline.panel.content;
  const [selected, setSelected] = React.useState<string | null>(() => activeStep(pipeline));
  React.useEffect(() => {
    const follow = (): void => setSelected(before => activeStep(pipeline) ?? before);
    notebook.activeCellChanged.connect(follow);
    return () => {
      notebook.activeCellChanged.disconnect(follow);
    };
  }, [pipeline, notebook]);
  const select = React.useCallback(
    (step: string | null): void => {
      setSelected(step);
      const index = pipeline.analysis?.steps.find(item => item.name === step)?.cells[0];
      if (index !== undefined && index < notebook.widgets.length) {
        void notebook.scrollToItem(index, 'smart').catch(() => undefined);
      }
    },
    [pipeline, notebook]
  );
  return [selected, select];
}

function activeStep(pipeline: PipelineModel): string | null {
  const cell = pipeline.panel.content.activeCell?.model.id;
  return (cell && pipeline.placeOf(cell)?.step) || null;
}
