import { TranslationBundle } from '@jupyterlab/translation';
import { Run } from '../api/shapes';
import { durationText } from '../ui/looks';

/** What is told of a run that has ended. */
export interface Ending {
  kind: 'success' | 'error' | 'info';
  text: string;
}

/** A sentence for the end of a run: how long it took or, if it failed, at which step and why. */
export function endingOf(run: Run, trans: TranslationBundle): Ending {
  const took = durationText(run.seconds);
  if (run.state === 'succeeded') {
    return { kind: 'success', text: trans.__('%1 succeeded in %2.', run.pipeline, took) };
  }
  if (run.state === 'canceled') {
    return { kind: 'info', text: trans.__('%1 was stopped.', run.pipeline) };
  }
  const task = run.tasks.find(item => item.state === 'failed');
  const reason = task?.error?.message || task?.reason || run.reason;
  return {
    kind: 'error',
    text: task
      ? trans.__('%1 failed at step %2: %3', run.pipeline, task.step, reason)
      : trans.__('%1 failed: %2', run.pipeline, reason)
  };
}
