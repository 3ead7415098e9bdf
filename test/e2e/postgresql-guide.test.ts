import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject, onTestFinished, test } from 'vitest';
import { type Block, readBlocks } from '../docs/pages.ts';
import { runPage } from '../docs/run-page.ts';

// The names of the page, with something behind them that no other database or role of the server has.
const suffix = randomBytes(6).toString('hex');
const databases = ['signing', 'signing_backup'];
const roles = ['signing_writer', 'signing_reader', 'signing'];

function rename(block: Block): Block {
  const lines = block.lines.map((line) => line.replaceAll(/\bsigning(_writer|_reader|_backup)?\b/g, `$&_${suffix}`));
  return { ...block, lines };
}

async function dropAll(): Promise<void> {
  const client = new Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    for (const name of databases) await client.query(`drop database if exists ${name}_${suffix} with (force)`);
    for (const name of roles) await client.query(`drop role if exists ${name}_${suffix}`);
  } finally {
    await client.end();
  }
}

test('every command of docs/guides/postgresql.md does what it says', async () => {
  onTestFinished(dropAll);
  const { hostname, port } = new URL(inject('postgresUrl'));
  await runPage(readBlocks('docs/guides/postgresql.md').map(rename), {
    PGHOST: hostname,
    PGPORT: port || '5432',
    DOCS_ADMIN_URL: inject('postgresUrl'),
  });
});
