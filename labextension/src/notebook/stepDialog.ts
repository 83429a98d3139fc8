import { Dialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { nameProblem } from './stepName';

/** Ask for a step's name, with those that exist to choose from; null if the person went away. */
export async function askStep(
  known: readonly string[],
  current: string,
  trans: TranslationBundle
): Promise<string | null> {
  const dialog = new Dialog({
    title: trans.__('Set Step'),
    body: new StepQuestion(known, current, trans),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Set') })],
    focusNodeSelector: 'input'
  });
  const answer = await dialog.launch();
  return answer.button.accept && answer.value ? answer.value : null;
}

let questions = 0;

/** The body of the dialog: a field that completes the names of steps, and a line that says what is wrong. */
export class StepQuestion extends Widget implements Dialog.IBodyWidget<string> {
  constructor(
    known: readonly string[],
    current: string,
    private _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-mlops-StepQuestion');
    const number = (questions += 1);
    const label = document.createElement('label');
    label.textContent = _trans.__('The step that the selected cells belong to');
    label.htmlFor = this._input.id = `jp-mlops-step-${number}`;
    this._input.className = 'jp-mod-styled';
    this._input.value = current;
    this._input.setAttribute('list', `jp-mlops-steps-${number}`);
    this._input.setAttribute('aria-describedby', `jp-mlops-step-problem-${number}`);
    this._input.autocomplete = 'off';
    this._input.spellcheck = false;
    this._input.addEventListener('focus', () => this._input.select());
    this._input.dataset.testid = 'mlops-step-name';
    const names = document.createElement('datalist');
    names.id = `jp-mlops-steps-${number}`;
    names.append(...known.map(name => Object.assign(document.createElement('option'), { value: name })));
    this._problem.className = 'jp-mlops-StepProblem';
    this._problem.id = `jp-mlops-step-problem-${number}`;
    this._problem.setAttribute('role', 'status');
    this.node.append(label, this._input, names, this._problem);
    this._check(false);
  }

  getValue(): string {
    return this._input.value.trim();
  }

  /** Listens before the dialog does: it lets the button be pressed only while every field is valid. */
  handleEvent(event: Event): void {
    if (event.target === this._input) {
      this._check(this._begun);
    }
  }

  protected override onBeforeAttach(): void {
    window.addEventListener('input', this, true);
  }

  protected override onAfterAttach(): void {
    // The dialog looks at its fields only when one changes, and only once it is attached itself.
    void Promise.resolve().then(() => {
      this._input.dispatchEvent(new Event('input', { bubbles: true }));
      this._begun = true;
    });
  }

  protected override onAfterDetach(): void {
    window.removeEventListener('input', this, true);
  }

  private _check(tell: boolean): void {
    const problem = nameProblem(this.getValue(), this._trans);
    this._input.setCustomValidity(problem);
    this._input.setAttribute('aria-invalid', String(tell && problem !== ''));
    this._problem.textContent = tell ? problem : '';
  }

  private _begun = false;
  private _input = document.createElement('input');
  private _problem = document.createElement('div');
}
