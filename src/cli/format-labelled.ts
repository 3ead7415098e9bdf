import { formatTable } from './output.ts';

/** A table of keys, with a column for their labels where any has one. */
export function formatLabelled(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  keys: readonly { readonly label: string | null }[],
): readonly string[] {
  if (keys.every(({ label }) => label === null)) return formatTable(headings, rows);
  return formatTable(
    [...headings, 'LABEL'],
    rows.map((row, index) => [...row, keys[index]?.label ?? '-']),
  );
}
