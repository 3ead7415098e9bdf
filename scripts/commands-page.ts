import { readFileSync, writeFileSync } from 'node:fs';
import type { AnyCommand } from '../src/authority/command.ts';

const page = 'docs/commands.md';

/** Holds docs/commands.md against the commands that it is made of. `--update` writes it anew. */
export async function checkCommandsPage(update: boolean): Promise<readonly string[]> {
  const { commands } = await import('../src/authority/commands/list.ts');
  const { toSchema } = await import('../src/http/openapi.ts');
  const text = [introduction, ...commands.map((command) => describe(command, toSchema))].join('\n');
  if (update) writeFileSync(page, text);
  if (readFileSync(page, 'utf8') === text) return [];
  return [`${page} differs from the commands; look at the change, then run: npm run check -- --update`];
}

type Schema = Readonly<Record<string, unknown>>;
type ToSchema = (schema: AnyCommand['args']) => Schema;

const introduction = `# Commands

Everything that can be asked for. Each command is defined once, in \`src/authority/commands\`, and this page is made of those definitions. Its name is what delegations and invocations speak about (\`/package\` covers \`/package/sign\`), its arguments are what policies speak about, and its route is where it stands in the [HTTP API](guides/server.md). Arguments have one canonical form each: names in kebab-case, hashes in lower-case hex, times like \`2026-01-31T12:00:00.000Z\`; nothing is converted, and none but those listed is known.

A command that writes leaves a [receipt](formats/tokens.md) and an [entry in the log](formats/log-entries.md). The subject is on whose power it is invoked: the authority's, the organisation's, or that of whoever revokes.
`;

function describe({ name, summary, subject, access, route, args, result }: AnyCommand, toSchema: ToSchema): string {
  return `## \`${name}\`

${summary}.

- subject: ${subject === 'anybody' ? 'whoever revokes' : `the ${subject}`}
- ${access === 'read' ? 'reads' : 'writes'}
- \`${route.method} ${route.path}\`

${table('argument', toSchema(args))}
${table('result', toSchema(result))}`;
}

function table(what: string, schema: Schema): string {
  const fields = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, Schema>>);
  const required = (schema['required'] ?? []) as readonly string[];
  if (fields.length === 0) return what === 'argument' ? 'No arguments.\n' : 'No result.\n';
  const rows = fields.map(([name, field]) => {
    const optional = required.includes(name) ? '' : ', optional';
    return `| \`${name}\` | ${typeOf(field)}${optional} | ${escapePipes(String(field['description'] ?? ''))} |`;
  });
  return `| ${what} | type | |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function typeOf({ type, enum: choices, const: only, anyOf, items, format }: Schema): string {
  if (Array.isArray(choices)) return choices.map((choice) => `\`${choice}\``).join(' or ');
  if (only !== undefined) return `\`${only}\``;
  if (Array.isArray(anyOf)) return [...new Set(anyOf.map((each: Schema) => typeOf(each)))].join(' or ');
  if (type === 'array') return `list of ${typeOf((items ?? {}) as Schema)}`;
  return format === 'date-time' ? 'time' : String(type ?? 'any');
}

function escapePipes(text: string): string {
  return text.replaceAll('|', '\\|');
}
