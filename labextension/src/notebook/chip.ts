import { severityIcon } from '../ui/looks';
import { ChipContent } from './chipContent';

/** The element at a cell that shows its step or role. Plain DOM: a notebook may have hundreds of them. */
export class Chip {
  constructor(onOpen: (chip: Chip) => void) {
    const node = (this.node = document.createElement('button'));
    node.type = 'button';
    node.className = 'jp-mlops-Chip';
    node.tabIndex = -1;
    node.dataset.testid = 'mlops-chip';
    node.setAttribute('aria-haspopup', 'menu');
    // Enter and the space key press the button and are not the notebook's shortcuts.
    node.setAttribute('data-lm-suppress-shortcuts', 'true');
    this._icon.className = 'jp-mlops-StateIcon';
    this._label.className = 'jp-mlops-ChipLabel';
    this._word.className = 'jp-mlops-ChipWord';
    this._problems.className = 'jp-mlops-ChipProblems';
    this._mark.className = 'jp-mlops-ChipMark';
    this._problems.append(this._mark, this._count);
    node.append(this._icon, this._label, this._word, this._problems);
    // The notebook would take the click for the begin of a selection.
    node.addEventListener('mousedown', event => event.stopPropagation());
    node.addEventListener('dblclick', event => event.stopPropagation());
    node.addEventListener('click', event => {
      event.stopPropagation();
      onOpen(this);
    });
    node.addEventListener('keydown', event => {
      if (event.key === 'Escape') {
        node.closest<HTMLElement>('.jp-Cell')?.focus();
      }
    });
  }

  readonly node: HTMLButtonElement;

  /** What it shows now; null before the first time. */
  get content(): ChipContent | null {
    return this._content;
  }

  /** Show it if it differs from what is shown. True if something changed. */
  show(content: ChipContent): boolean {
    if (this._content && same(this._content, content)) {
      return false;
    }
    this._content = content;
    const { role, step, state, follows, severity } = content;
    const { node } = this;
    const classes = ['jp-mlops-Chip', `jp-mlops-mod-${role}`, follows ? 'jp-mlops-mod-follows' : ''];
    classes.push(state ? `jp-mlops-mod-${state}` : '', severity ? `jp-mlops-mod-has-${severity}` : '');
    node.className = classes.filter(Boolean).join(' ');
    node.dataset.role = role;
    node.dataset.step = step;
    node.dataset.state = state;
    node.title = content.tooltip;
    node.setAttribute('aria-label', content.tooltip.replace(/\n/g, '. '));
    this._icon.textContent = content.icon;
    this._icon.hidden = content.icon === '';
    this._label.textContent = content.label;
    this._word.textContent = content.word;
    this._word.hidden = content.word === '';
    this._mark.textContent = severity ? severityIcon(severity) : '';
    this._count.textContent = severity ? ` ${content.problems}` : '';
    this._problems.hidden = severity === '';
    return true;
  }

  /** Only the active cell's chip is a stop of the Tab key. */
  set isStop(is: boolean) {
    const index = is ? 0 : -1;
    if (this.node.tabIndex !== index) {
      this.node.tabIndex = index;
    }
  }

  private _content: ChipContent | null = null;
  private _icon = document.createElement('span');
  private _label = document.createElement('span');
  private _word = document.createElement('span');
  private _problems = document.createElement('span');
  private _mark = document.createElement('span');
  private _count = document.createElement('span');
}

function same(one: ChipContent, other: ChipContent): boolean {
  return (Object.keys(one) as (keyof ChipContent)[]).every(key => one[key] === other[key]);
}
