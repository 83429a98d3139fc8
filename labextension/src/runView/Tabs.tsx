import * as React from 'react';
import { ListedTab, TabList } from '../ui/TabList';

/** A tab: `draw` makes its content when it is selected. */
export interface TabItem extends ListedTab {
  draw: () => React.ReactElement;
}

interface Props {
  /** A name of the whole list for screen readers. */
  label: string;
  tabs: TabItem[];
  selected: string;
  onSelect: (id: string) => void;
  /** Stands at the end of the row of tabs. */
  children?: React.ReactNode;
}

/** Tabs with one content. The keyboard goes along them as in every list of tabs; Tab goes into the content. */
export function Tabs(props: Props): React.ReactElement {
  const { label, tabs, onSelect } = props;
  const prefix = React.useId();
  const current = tabs.find(tab => tab.id === props.selected) ?? tabs[0];
  const tabId = (tab: string): string => `${prefix}${tab}`;
  const panelId = (): string => `${prefix}panel`;
  return (
    <div className="jp-mlops-Tabs">
      <div className="jp-mlops-TabRow">
        <TabList
          className="jp-mlops-TabList"
          tabClassName="jp-mlops-Tab"
          selected={current.id}
          {...{ label, tabs, tabId, panelId, onSelect }}
        />
        {props.children}
      </div>
      <div
        className="jp-mlops-TabPanel"
        role="tabpanel"
        id={panelId()}
        aria-labelledby={tabId(current.id)}
        data-tab={current.id}
        tabIndex={0}
      >
        {current.draw()}
      </div>
    </div>
  );
}
