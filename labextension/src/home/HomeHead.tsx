import { InputDialog } from '@jupyterlab/apputils';
import * as React from 'react';
import { askAgain } from '../model/askAgain';
import { IMLOps } from '../tokens';
import { serverFailure } from '../ui/serverFailure';
import { useSignal } from '../ui/signals';
import { TabList } from '../ui/TabList';
import { Condition } from './Condition';
import { FolderSelect } from './FolderSelect';
import { HomeModel } from './homeModel';
import { panelId, tabId } from './tabIds';

/** The head of Home: its tabs, the project, and what is wrong with the server if anything is. */
export function HomeHead(props: { model: HomeModel; mlops: IMLOps }): React.ReactElement {
  const { model, mlops } = props;
  const { server, stream, trans } = mlops;
  useSignal(model.changed);
  useSignal(server.changed);
  useSignal(stream.connectedChanged);
  const onAsk = async (): Promise<void> => {
    const title = trans.__('Folder or notebook of a project');
    const label = trans.__('Its path from the top folder');
    const answer = await InputDialog.getText({ title, label, text: model.folder });
    if (answer.button.accept) {
      model.chosen = (answer.value ?? '').replace(/^\/+|\/+$/g, '');
    }
  };
  return (
    <>
      <div className="jp-mlops-HomeBar">
        <TabList
          className="jp-mlops-HomeTabs"
          tabClassName="jp-mlops-HomeTab"
          tabs={model.tabs.all}
          selected={model.tab?.id ?? ''}
          label={trans.__('What to show of the project')}
          {...{ tabId, panelId }}
          onSelect={id => model.open(id)}
        />
        <FolderSelect
          folder={model.folder}
          chosen={model.chosen}
          folders={model.places.all}
          trans={trans}
          onChoose={folder => (model.chosen = folder)}
          onAsk={() => void onAsk()}
        />
      </div>
      <Condition
        failure={serverFailure(server, trans)}
        connected={stream.connected}
        trans={trans}
        onTry={() => void askAgain(mlops)}
      />
    </>
  );
}
