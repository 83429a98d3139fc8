/** A value as text of the store's search language. */
export function quoted(value: string): string {
  return `'${value.replace(/'/g, "''")}'`;
}
