import * as React from 'react';

/** A tab as its list shows it. */
export interface ListedTab {
  readonly id: string;
  readonly label: string;
  /** A short count or sign behind the label. */
  readonly badge?: string;
}

interface Props {
  tabs: readonly ListedTab[];
  selected: string;
  /** A name of the whole list for screen readers. */
  label: string;
  className: string;
  tabClassName: string;
  /** The ids in the page of a tab's button, and of its content. */
  tabId: (tab: string) => string;
  panelId: (tab: string) => string;
  onSelect: (id: string) => void;
}

/** A row of tabs. Arrows, Home and End go from one to the next; only the selected one is reached by the tab key. */
export function TabList(props: Props): React.ReactElement {
  const { tabs, selected, onSelect } = props;
  const list = React.useRef<HTMLDivElement>(null);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const at = tabs.findIndex(tab => tab.id === selected);
    const next = nextIndex(event.key, at, tabs.length);
    if (next !== null) {
      event.preventDefault();
      onSelect(tabs[next].id);
      list.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
    }
  };
  return (
    <div className={props.className} role="tablist" aria-label={props.label} ref={list} onKeyDown={onKeyDown}>
      {tabs.map(tab => (
        <button
          key={tab.id}
          id={props.tabId(tab.id)}
          role="tab"
          className={props.tabClassName}
          aria-selected={tab.id === selected}
          aria-controls={props.panelId(tab.id)}
          tabIndex={tab.id === selected ? 0 : -1}
          onClick={() => onSelect(tab.id)}
        >
          {tab.label}
          {tab.badge ? <span className="jp-mlops-Badge">{tab.badge}</span> : null}
        </button>
      ))}
    </div>
  );
}

/** Where a key goes from `index` among `count`, around the ends; null for other keys. */
function nextIndex(key: string, index: number, count: number): number | null {
  const moves: { [key: string]: number } = {
    ArrowRight: (index + 1) % count,
    ArrowLeft: (index + count - 1) % count,
    Home: 0,
    End: count - 1
  };
  return moves[key] ?? null;
}
