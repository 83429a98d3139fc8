import { PathExt } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Contents } from '@jupyterlab/services';
import { Changing } from '../model/living';

/** The folders that a person works in now: of the current notebook, of open ones, and of the file browser. */
export class Places extends Changing {
  constructor(
    private _contents: Contents.IManager,
    private _tracker: INotebookTracker | null,
    private _browser: IDefaultFileBrowser | null
  ) {
    super();
    _tracker?.currentChanged.connect(this.emitChanged, this);
    _browser?.model.pathChanged.connect(this.emitChanged, this);
  }

  /** The folder of the current notebook, else that of the file browser, else the root. */
  get current(): string {
    const notebook = this._tracker?.currentWidget;
    return notebook ? this._folderOf(notebook.context.path) : this._browsed;
  }

  /** All of them, the root too, without doubles. */
  get all(): string[] {
    const open: string[] = [];
    this._tracker?.forEach(panel => open.push(this._folderOf(panel.context.path)));
    return [...new Set([this.current, ...open, this._browsed, ''])];
  }

  private get _browsed(): string {
    return this._contents.localPath(this._browser?.model.path ?? '');
  }

  private _folderOf(notebook: string): string {
    return PathExt.dirname(this._contents.localPath(notebook));
  }
}
