/** Runs a file of SQL on the server of DOCS_ADMIN_URL; `\connect NAME` goes over to another database. */
import { readFileSync } from 'node:fs';
import { Client } from 'pg';

const [, , file = ''] = process.argv;
const parts = readFileSync(file, 'utf8').split(/^\\connect (\w+)$/m);

for (let index = 0; index < parts.length; index += 2) {
  const url = new URL(process.env['DOCS_ADMIN_URL'] ?? '');
  if (index > 0) url.pathname = `/${parts[index - 1]}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    for (const statement of (parts[index] ?? '').split(';').filter((each) => each.trim() !== '')) {
      await client.query(statement);
    }
  } finally {
    await client.end();
  }
}
