/** The id of a tab's button in the page. */
export function tabId(tab: string): string {
  return `jp-mlops-home-tab-${tab}`;
}

/** The id of a tab's content in the page. */
export function panelId(tab: string): string {
  return `jp-mlops-home-panel-${tab}`;
}
