import { TranslationBundle } from '@jupyterlab/translation';
import { CellPlace, Diagnostic, Role, Severity } from '../api/shapes';
import { durationText, severityIcon, stateIcon, stateWord } from '../ui/looks';
import { StepState } from './stepStates';

/** What the chip of one cell shows. */
export interface ChipContent {
  role: Role;
  /** Empty for cells that are in no step. */
  step: string;
  state: string;
  icon: string;
  label: string;
  /** The state as a word, where it must not be overlooked; else it is in the tooltip. */
  word: string;
  /** Whether the cell goes on with the step of the cell above: its chip is quieter. */
  follows: boolean;
  severity: Severity | '';
  problems: number;
  tooltip: string;
}

/** What is known of a cell when its chip is drawn. */
export interface ChipFacts {
  place: CellPlace;
  /** The step of the code cell above that has one. */
  above: string | null;
  state: StepState | undefined;
  diagnostics: readonly Diagnostic[];
}

/** What to show for a cell. */
export function chipContent(facts: ChipFacts, trans: TranslationBundle): ChipContent {
  const { place, above, state, diagnostics } = facts;
  const step = place.role === 'step' ? (place.step ?? '') : '';
  const label = step || roleWord(place.role, trans);
  const shown = step ? state : undefined;
  return {
    role: place.role,
    step,
    state: shown?.state ?? '',
    icon: shown ? stateIcon(shown.state) : '',
    label,
    word: shown && LOUD.includes(shown.state) ? stateWord(shown.state, trans) : '',
    follows: step !== '' && above === step,
    severity: worst(diagnostics),
    problems: diagnostics.length,
    tooltip: tooltip(label, facts, shown, trans)
  };
}

/** A role as a word for people. */
export function roleWord(role: Role, trans: TranslationBundle): string {
  const words: { [role: string]: string } = {
    step: trans.__('step'),
    setup: trans.__('setup'),
    parameters: trans.__('parameters'),
    skip: trans.__('not run')
  };
  return words[role] ?? role;
}

const SHOWN_PROBLEMS = 3;
const LOUD = ['failed', 'running'];

function tooltip(label: string, facts: ChipFacts, state: StepState | undefined, trans: TranslationBundle): string {
  const { place, diagnostics } = facts;
  const explained: { [role: string]: string } = {
    step: trans.__('Step %1', label),
    setup: trans.__('Setup: available in every step'),
    parameters: trans.__('Parameters: can be set for each run'),
    skip: trans.__('Not part of the pipeline')
  };
  const lines = [explained[place.role] ?? label];
  if (state) {
    lines.push(trans.__('Last run: %1', stateText(state, trans)));
  }
  if (state?.reason) {
    lines.push(state.reason);
  }
  lines.push(...diagnostics.slice(0, SHOWN_PROBLEMS).map(item => `${severityIcon(item.severity)} ${item.message}`));
  if (diagnostics.length > SHOWN_PROBLEMS) {
    lines.push(trans.__('and %1 more', diagnostics.length - SHOWN_PROBLEMS));
  }
  return lines.join('\n');
}

function stateText(state: StepState, trans: TranslationBundle): string {
  if (state.counts.size > 1) {
    return [...state.counts].map(([name, count]) => `${count} ${stateWord(name, trans)}`).join(', ');
  }
  const time = durationText(state.seconds);
  return [stateWord(state.state, trans), time && `(${time})`].filter(Boolean).join(' ');
}

function worst(diagnostics: readonly Diagnostic[]): Severity | '' {
  const order: Severity[] = ['error', 'warning', 'info'];
  return order.find(severity => diagnostics.some(item => item.severity === severity)) ?? '';
}
