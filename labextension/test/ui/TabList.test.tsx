import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { describe, expect, it, vi } from 'vitest';
import { ListedTab, TabList } from '../../src/ui/TabList';

const TABS: ListedTab[] = [
  { id: 'runs', label: 'Runs' },
  { id: 'models', label: 'Models', badge: '3' },
  { id: 'schedules', label: 'Schedules' }
];

function show(selected: string, onSelect = vi.fn()): typeof onSelect {
  const ids = { tabId: (tab: string) => `tab-${tab}`, panelId: (tab: string) => `panel-${tab}` };
  render(<TabList tabs={TABS} label="Tabs" className="list" tabClassName="tab" {...{ selected, onSelect, ...ids }} />);
  return onSelect;
}

describe('a list of tabs', () => {
  it('is gone through with arrows, Home and End; only one is reached by the tab key', async () => {
    const onSelect = show('runs');
    expect(screen.getAllByRole('tab').map(tab => tab.tabIndex)).toEqual([0, -1, -1]);
    await userEvent.tab();
    await userEvent.keyboard('{ArrowLeft}');
    expect(document.activeElement?.textContent).toBe('Schedules');
    await userEvent.keyboard('{End}{Home}{ArrowRight}');
    expect(onSelect.mock.calls.map(([id]) => id)).toEqual(['schedules', 'schedules', 'runs', 'models']);
  });

  it('says which tab is selected, and which content belongs to it', () => {
    show('models');
    const tab = screen.getByRole('tab', { selected: true });
    expect([tab.id, tab.getAttribute('aria-controls'), tab.textContent]).toEqual([
      'tab-models',
      'panel-models',
      'Models3'
    ]);
  });
});
