import { loggedTables, nameInSql } from '../../../store/engine/effects.ts';
import type { ListedEffect } from '../effects-checker.ts';
import type { Findings } from '../findings.ts';
import { forgettableTables, shownTables } from '../row-rules.ts';

interface Hidden {
  readonly table: string;
  readonly key: string;
  readonly index: number;
}

const known: ReadonlySet<string> = new Set(loggedTables.map(nameInSql));
const shown: ReadonlySet<string> = new Set(shownTables.map(nameInSql));

/** Sees to it that an export shows each row that it has to show, as it was written last. */
export class ShownRows {
  readonly #findings: Findings;
  /** Rows whose last effect so far is not shown. */
  readonly #hidden = new Map<string, Hidden>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Takes note of an effect of an entry, and whether it is shown what was written. */
  take({ table, key }: ListedEffect, index: number, isShown: boolean): void {
    if (!known.has(table)) {
      const message = `An effect is of the table ${table.slice(0, 100)}, of which there can be none.`;
      this.#findings.add({ kind: 'effect', table: 'log_effects', index, message });
    }
    if (!shown.has(table)) return;
    if (isShown) this.#hidden.delete(`${table}/${key}`);
    else this.#hidden.set(`${table}/${key}`, { table, key, index });
  }

  /** Names the rows that should have been shown; those that may have been forgotten are counted. */
  end(): void {
    for (const { table, key, index } of this.#hidden.values()) {
      if (forgettableTables.has(table)) this.#findings.addErased(table);
      else {
        const message =
          'The row is not shown as it was written last: it was altered or removed where the export was made.';
        this.#findings.add({ kind: 'row', table, key, index, message });
      }
    }
  }
}
