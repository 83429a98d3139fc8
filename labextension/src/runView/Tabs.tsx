import * as React from 'react';

/** A tab: `draw` makes its content when it is selected. */
export interface TabItem {
  id: string;
  label: string;
  /** A short count or sign behind the label. */
  badge?: string;
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

/** Tabs with one content. Arrow keys, Home and End go along them; Tab goes into the content. */
export function Tabs(props: Props): React.ReactElement {
  const { tabs } = props;
  const prefix = React.useId();
  const list = React.useRef<HTMLDivElement>(null);
  const current = tabs.find(tab => tab.id === props.selected) ?? tabs[0];
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const index = nextIndex(event.key, tabs.indexOf(current), tabs.length);
    if (index !== null) {
      event.preventDefault();
      props.onSelect(tabs[index].id);
      list.current?.querySelectorAll<HTMLElement>('[role=tab]')[index]?.focus();
    }
  };
  return (
    <div className="jp-mlops-Tabs">
      <div className="jp-mlops-TabRow">
        <div className="jp-mlops-TabList" role="tablist" aria-label={props.label} ref={list} onKeyDown={onKeyDown}>
          {tabs.map(tab => (
            <button
              key={tab.id}
              role="tab"
              id={`${prefix}${tab.id}`}
              className="jp-mlops-Tab"
              aria-selected={tab === current}
              aria-controls={`${prefix}panel`}
              tabIndex={tab === current ? 0 : -1}
              onClick={() => props.onSelect(tab.id)}
            >
              {tab.label}
              {tab.badge ? <span className="jp-mlops-Badge">{tab.badge}</span> : null}
            </button>
          ))}
        </div>
        {props.children}
      </div>
      <div
        className="jp-mlops-TabPanel"
        role="tabpanel"
        id={`${prefix}panel`}
        aria-labelledby={`${prefix}${current.id}`}
        data-tab={current.id}
        tabIndex={0}
      >
        {current.draw()}
      </div>
    </div>
  );
}

/** Where an arrow key goes from `index` among `count`, around the ends; null for other keys. */
function nextIndex(key: string, index: number, count: number): number | null {
  const moves: { [key: string]: number } = {
    ArrowRight: (index + 1) % count,
    ArrowLeft: (index + count - 1) % count,
    Home: 0,
    End: count - 1
  };
  return moves[key] ?? null;
}
