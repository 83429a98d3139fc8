import * as React from 'react';
import { HomeTab } from '../tokens';

interface Props {
  tabs: readonly HomeTab[];
  selected: string;
  label: string;
  onSelect: (id: string) => void;
}

/** The tabs. Arrows, Home and End go from one to the next; only the selected one is reached by the tab key. */
export function TabList(props: Props): React.ReactElement {
  const { tabs, selected, label, onSelect } = props;
  const list = React.useRef<HTMLDivElement>(null);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const next = nextTab(
      event.key,
      tabs.findIndex(tab => tab.id === selected),
      tabs.length
    );
    if (next !== null) {
      event.preventDefault();
      onSelect(tabs[next].id);
      list.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
    }
  };
  return (
    <div className="jp-mlops-HomeTabs" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
      {tabs.map(tab => (
        <button
          key={tab.id}
          id={tabId(tab.id)}
          role="tab"
          className="jp-mlops-HomeTab"
          aria-selected={tab.id === selected}
          aria-controls={panelId(tab.id)}
          tabIndex={tab.id === selected ? 0 : -1}
          onClick={() => onSelect(tab.id)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}

/** The id of a tab's button in the page. */
export function tabId(tab: string): string {
  return `jp-mlops-home-tab-${tab}`;
}

/** The id of a tab's content in the page. */
export function panelId(tab: string): string {
  return `jp-mlops-home-panel-${tab}`;
}

function nextTab(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowRight':
      return (at + 1) % count;
    case 'ArrowLeft':
      return (at - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
