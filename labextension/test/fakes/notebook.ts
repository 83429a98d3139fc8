import { YNotebook } from '@jupyter/ydoc';
import { NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { Contents } from '@jupyterlab/services';
import { Analysis } from '../../src/api/shapes';

/** An open notebook: its shared content is a real one, the panel around it has only what models ask for. */
export class FakePanel {
  readonly shared = YNotebook.create();
  readonly disposed = new Signal<this, void>(this);
  readonly sessionContext: { session: { kernel: { name: string } } | null; kernelPreference: { name?: string } };
  readonly context: {
    path: string;
    pathChanged: Signal<object, string>;
    ready: Promise<void>;
    model: { dirty: boolean };
    contentsModel: { path: string } | null;
    save: () => Promise<void>;
  };
  readonly content: { model: object | null; activeCell: { model: { id: string } } | null };

  constructor(path = 'work.ipynb', sources: string[] = ['x = 1']) {
    const cells = sources.map((source, index) => ({ cell_type: 'code' as const, id: `c${index}`, source }));
    this.shared.insertCells(0, cells);
    const shared = this.shared;
    const model = {
      sharedModel: shared,
      get cells() {
        return shared.cells.map(cell => ({ sharedModel: cell }));
      }
    };
    this.content = { model, activeCell: null };
    this.sessionContext = { session: null, kernelPreference: {} };
    this.context = {
      path,
      pathChanged: new Signal<object, string>(this),
      ready: Promise.resolve(),
      model: { dirty: false },
      contentsModel: { path },
      save: async () => undefined
    };
  }

  /** Another name for the file. */
  rename(path: string): void {
    this.context.path = path;
    this.context.pathChanged.emit(path);
  }

  get panel(): NotebookPanel {
    return this as unknown as NotebookPanel;
  }
}

/** Paths without the name of a drive; each file can be read. */
export const CONTENTS = {
  localPath: (path: string) => path.replace(/^RTC:/, ''),
  get: async () => ({})
} as unknown as Contents.IManager;

/** What the server could say of a notebook. */
export function analysisOf(part: Partial<Analysis> = {}): Analysis {
  return {
    name: 'work',
    steps: [],
    edges: [],
    origin: 'headings',
    cells: [],
    parameters: [],
    diagnostics: [],
    ...part
  };
}
