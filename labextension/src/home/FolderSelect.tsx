import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

interface Props {
  /** The folder that is shown. */
  folder: string;
  /** The one that was chosen; null if the one where a person works is followed. */
  chosen: string | null;
  folders: readonly string[];
  trans: TranslationBundle;
  onChoose: (folder: string | null) => void;
  /** Ask for a folder that is not in the list. */
  onAsk: () => void;
}

const FOLLOW = 'follow';
const ASK = 'ask';

/** Says of which project the runs are, and lets one choose another. */
export function FolderSelect(props: Props): React.ReactElement {
  const { folder, chosen, folders, trans, onChoose, onAsk } = props;
  const all = chosen === null || folders.includes(chosen) ? folders : [...folders, chosen];
  const onChange = (event: React.ChangeEvent<HTMLSelectElement>): void => {
    const { value } = event.target;
    if (value === ASK) {
      onAsk();
    } else {
      onChoose(value === FOLLOW ? null : value.slice(1));
    }
  };
  return (
    <label className="jp-mlops-HomeFolder">
      <span>{trans.__('Project of')}</span>
      <select value={chosen === null ? FOLLOW : `/${chosen}`} onChange={onChange} data-testid="mlops-home-folder">
        <option value={FOLLOW}>{trans.__('where you work: %1', folderText(folder, trans))}</option>
        {all.map(item => (
          <option key={item} value={`/${item}`}>
            {folderText(item, trans)}
          </option>
        ))}
        <option value={ASK}>{trans.__('another folder…')}</option>
      </select>
    </label>
  );
}

function folderText(folder: string, trans: TranslationBundle): string {
  return folder === '' ? trans.__('/ (the top folder)') : folder;
}
