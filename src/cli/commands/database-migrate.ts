import {
  down,
  type Loss,
  latestVersion,
  planDown,
  readVersion,
  type SchemaChange,
  up,
} from '../../authority/migrate-database.ts';
import { HanaperError } from '../../errors.ts';
import { requireConfirmed } from '../confirm.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';

/** Options of `database migrate`. */
export interface MigrateOptions {
  readonly to?: number;
  readonly yes?: boolean;
}

/** `hanaper database migrate` */
export async function migrate(
  session: Session,
  { to = latestVersion(), yes = false }: MigrateOptions,
): Promise<Outcome> {
  const database = session.config.db;
  if (to > latestVersion()) throw unknownVersion(to);
  const present = await readVersion({ database });
  if (to > present && to < latestVersion()) throw partWay(present, to);
  if (to >= present) return describe(await up({ database }));
  const plan = await planDown({ database, to });
  if (!yes) {
    for (const line of describeLosses(plan)) session.warn(line);
    await requireConfirmed(`Take the database down to version ${to}?`);
  }
  return describe(await down({ database, to }));
}

function describe({ from, to, losses }: SchemaChange): Outcome {
  const next = 'Next: install the Hanaper that has this version. The first write of a newer one brings it up again.';
  return {
    document: { from, to, losses },
    lines:
      from === to
        ? [`The schema has version ${to} already. Nothing changed.`]
        : [
            `The schema went from version ${from} to ${to}.`,
            ...losses.map((loss) => `  gone    ${describeLoss(loss)}`),
            ...(to < from ? ['', next] : []),
          ],
  };
}

function describeLosses({ from, to, losses }: SchemaChange): readonly string[] {
  return [
    `From version ${from} of the schema down to ${to} this is lost for good:`,
    ...losses.map(describeLoss),
    'The log still has what was written: rows that lose a column no longer match it, and are refused as altered.',
    'Make a backup first, and stop every server and command that uses the database.',
  ];
}

function describeLoss({ version, what, rows }: Loss): string {
  const counts = Object.entries(rows).map(([place, number]) => `${place} ${number}`);
  return `version ${version}: ${what} (${counts.length === 0 ? 'none here' : counts.join(', ')})`;
}

function unknownVersion(to: number): HanaperError {
  return new HanaperError('usage', `This Hanaper knows the schema up to version ${latestVersion()}, and not ${to}.`, {
    option: '--to',
    known: latestVersion(),
  });
}

function partWay(present: number, to: number): HanaperError {
  return new HanaperError(
    'usage',
    `The schema has version ${present}. Upwards it goes to ${latestVersion()} only, which this Hanaper uses: leave out --to, not ${to}.`,
    { option: '--to', version: present },
  );
}
