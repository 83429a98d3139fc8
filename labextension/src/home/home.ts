import { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';
import * as React from 'react';
import { IMLOps } from '../tokens';
import { pipelineIcon } from '../ui/icons';
import { serverFailure } from '../ui/serverFailure';
import { View } from '../ui/View';
import { HomeHead } from './HomeHead';
import { HomeModel } from './homeModel';
import { panelId, tabId } from './tabIds';

/** The home view: a head, and below it the content of the tab that is open. Contents live until the project changes. */
export class Home extends Widget {
  constructor(
    readonly model: HomeModel,
    private _mlops: IMLOps
  ) {
    super();
    const { trans, server } = _mlops;
    this.id = 'jupyter-mlops-home';
    this.addClass('jp-mlops-Home');
    this.node.dataset.testid = 'mlops-home';
    this.node.tabIndex = -1;
    this.title.label = trans.__('MLOps Home');
    this.title.caption = trans.__('All runs of a project');
    this.title.icon = pipelineIcon;
    this.title.closable = true;
    const names = { className: 'jp-mlops-HomeHead', testid: 'mlops-home-head' };
    const draw = (): React.ReactElement => React.createElement(HomeHead, { model, mlops: _mlops });
    this._head = new View(draw, trans, { id: 'jupyter-mlops-home-head', label: trans.__('Project'), ...names });
    this._body = new PanelLayout();
    this.layout = this._body;
    this._body.addWidget(this._head);
    model.changed.connect(this._onChanged, this);
    server.changed.connect(this._onChanged, this);
    this._onChanged();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      Signal.clearData(this);
      this._clear();
      this.model.dispose();
      super.dispose();
    }
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const tab = this.node.querySelector<HTMLElement>('[role=tab][aria-selected=true]');
    (tab ?? this.node).focus();
  }

  private _onChanged(): void {
    const { folder, tab, tabs } = this.model;
    const failure = serverFailure(this._mlops.server, this._mlops.trans);
    if (folder !== this._folder || (this._failed && !failure)) {
      this._clear();
    }
    this._folder = folder;
    this._failed = failure !== null;
    for (const [id, content] of this._contents) {
      if (!tabs.all.some(item => item === content.tab)) {
        content.widget.dispose();
        this._contents.delete(id);
      }
    }
    if (tab && !failure && !this._contents.has(tab.id)) {
      const widget = tab.create(folder);
      widget.addClass('jp-mlops-HomeContent');
      widget.node.id = panelId(tab.id);
      widget.node.setAttribute('role', 'tabpanel');
      widget.node.setAttribute('aria-labelledby', tabId(tab.id));
      this._contents.set(tab.id, { tab, widget });
      this._body.addWidget(widget);
    }
    this._contents.forEach((content, id) => content.widget.setHidden(failure !== null || id !== tab?.id));
  }

  private _clear(): void {
    this._contents.forEach(content => content.widget.dispose());
    this._contents.clear();
  }

  private _head: View;
  private _body: PanelLayout;
  private _folder = '';
  private _failed = false;
  private _contents = new Map<string, { tab: HomeModel['tab']; widget: Widget }>();
}
