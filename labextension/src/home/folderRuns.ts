import { Client } from '../api/client';
import { ListedRun } from '../api/shapes';
import { EventStream } from '../api/stream';
import { Living } from '../model/living';

/** Something about the runs of a project that hears the news of the project's folder. */
export abstract class FolderRuns extends Living {
  constructor(
    readonly folder: string,
    protected readonly client: Client,
    stream: EventStream
  ) {
    super();
    stream.folderNews.connect(this._onNews, this);
  }

  /** The folder's newest runs as they are now. */
  protected abstract hear(runs: readonly ListedRun[]): void;

  private _onNews(_: EventStream, news: { folder: string; runs: ListedRun[] }): void {
    if (news.folder === this.folder) {
      this.hear(news.runs);
    }
  }
}
