import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { pipelineIcon } from '../ui/icons';
import { useSignal } from '../ui/signals';
import { RunningCount } from './runningCount';

interface Props {
  count: RunningCount;
  trans: TranslationBundle;
  onOpen: () => void;
}

/** The item of the status bar: how many runs run. A press opens Home. */
export function RunningItem(props: Props): React.ReactElement | null {
  const { trans, onOpen } = props;
  useSignal(props.count.changed);
  const count = props.count.value;
  if (count === 0) {
    return null;
  }
  const words = trans._n('%1 run is running or waiting', '%1 runs are running or waiting', count);
  return (
    <button
      className="jp-mlops-HomeStatus"
      title={trans.__('%1. Open all runs', words)}
      data-testid="mlops-status"
      onClick={onOpen}
    >
      <pipelineIcon.react tag="span" stylesheet="statusBar" />
      {trans.__('%1 running', count)}
    </button>
  );
}
