import { readFileSync, writeFileSync } from 'node:fs';
import { commands } from '../src/authority/commands/list.ts';
import type { AnyCommand } from '../src/authority/schemas/command.ts';
import type { JsonSchema } from '../src/http/description/json-schema.ts';
import { toSchema } from '../src/http/description/openapi.ts';

const path = 'docs/commands.md';

const head = `# Commands

Everything that Hanaper does for a caller is one of these commands, whether the caller is the local command line, a program, or an invocation over HTTP. This page is made from their definitions; \`npm run check\` checks it against them.

A delegation names a command, and covers it and all below it: \`/key\` covers \`/key/create\`. A policy speaks about its arguments. On whose power a command is invoked is its **subject**: the *authority*, one *organisation*, or *anybody*, where it is about the invoker's own word. A command that *writes* leaves a [receipt](formats/tokens.md#receipts) and an [entry in the log](formats/log-entries.md), and needs an unlocked vault (unlocking it comes with the passphrase).

In the route \`{org}\` is the subject, by name or DID, and any other \`{name}\` an argument. The other arguments stand in the query of a GET, and in the JSON body of anything else. [The HTTP API](formats/http.md) says how a request must match its invocation; the same commands go through \`POST /api/invoke\`. An argument has one canonical form: names in kebab-case, hashes in lower-case hex, times like \`2026-01-31T12:00:00.000Z\`. Nothing is converted, nothing has a default, and no argument that is not listed is taken: policies see all that there is.
`;

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

interface Row {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
}

// What stands for a string of a certain form.
const forms: readonly (readonly [pattern: string, type: string])[] = [
  ['^[0-9a-f]{64}$', '64 hex characters'],
  ['^did:[a-z0-9]+:', 'DID'],
  ['^zdpu', 'CID'],
  ['^\\d{4}-', 'time (RFC 3339, UTC, milliseconds)'],
  ['^[a-z0-9]+(-', 'kebab-case'],
  ['^/', 'command'],
];

/** Holds docs/commands.md against the commands as they are defined. `--update` writes it anew. */
export function checkCommandsPage(update: boolean): readonly string[] {
  const page = writePage();
  if (update) writeFileSync(path, page);
  if (readFileSync(path, 'utf8') === page) return [];
  return [`${path} differs from the commands; look at the change, then run: npm run check -- --update`];
}

function writePage(): string {
  const byNoun = Map.groupBy(commands, ({ name }) => name.split('/')[1] ?? '');
  const sections = [...byNoun].map(([noun, listed]) => `\n## ${noun}\n${listed.map(describe).join('')}`);
  return `${head}\n${listAll()}${sections.join('')}`;
}

function listAll(): string {
  const rows = commands.map(({ name, summary, subject, access }) => {
    return `| [\`${name}\`](#${name.slice(1).replaceAll('/', '')}) | ${subject} | ${access}s | ${summary} |`;
  });
  return `| command | subject | | |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function describe({ name, summary, subject, access, route, args, result }: AnyCommand): string {
  return `
### \`${name}\`

${summary}.

Subject: ${subject}. It ${access}s. \`${route.method} ${route.path}\`

${table('argument', rowsOf(toSchema(args)), 'It takes no arguments.')}
${table('result', rowsOf(toSchema(result)), 'It has no result.')}`;
}

function table(title: string, rows: readonly Row[], none: string): string {
  if (rows.length === 0) return `${none}\n`;
  const lines = rows.map(({ name, type, isRequired, description }) =>
    ['', `\`${name}\``, type, isRequired ? 'yes' : 'no', description, ''].map(escapeCell).join(' | ').trim(),
  );
  return `| ${title} | type | required | |\n|---|---|---|---|\n${lines.join('\n')}\n`;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** A row for each field, those of objects inside behind it: \`keys[].name\`. */
function rowsOf(schema: JsonSchema, prefix = ''): readonly Row[] {
  const { properties = {}, required = [] } = schema as ObjectSchema;
  return Object.entries(properties).flatMap(([name, field]) => {
    const row = {
      name: prefix + name,
      type: typeOf(field),
      isRequired: required.includes(name),
      description: descriptionOf(field),
    };
    return [row, ...rowsInside(field, row.name)];
  });
}

function rowsInside(field: JsonSchema, name: string): readonly Row[] {
  if (isLink(field)) return [];
  if (field['type'] === 'array') return rowsInside((field['items'] ?? {}) as JsonSchema, `${name}[]`);
  return rowsOf(field, `${name}.`);
}

function descriptionOf({ description, anyOf }: JsonSchema): string {
  if (typeof description === 'string') return description;
  const branches = Array.isArray(anyOf) ? anyOf.map((each: JsonSchema) => descriptionOf(each)) : [];
  return branches.filter((each) => each !== '').join('; or: ');
}

function isLink({ properties = {} }: ObjectSchema): boolean {
  return Object.hasOwn(properties, '/');
}

function typeOf(schema: JsonSchema): string {
  const { type, enum: choices, const: only, anyOf, items, minItems, maxItems } = schema;
  if (Array.isArray(choices)) return choices.map((each) => `\`${each}\``).join(' or ');
  if (only !== undefined) return `\`${only}\``;
  if (Array.isArray(anyOf)) return [...new Set(anyOf.map((each: JsonSchema) => typeOf(each)))].join(' or ');
  if (Array.isArray(type)) return type.join(' or ');
  if (type === 'array') return `list of ${rangeOf(minItems, maxItems)}${typeOf((items ?? {}) as JsonSchema)}`;
  if (isLink(schema as ObjectSchema)) return 'link: `{"/": CID}`';
  if (type === 'string') return typeOfString(schema);
  if (type === 'integer') return `integer ${rangeOf(schema['minimum'], schema['maximum'])}`.trim();
  return String(type ?? 'any');
}

function typeOfString({ pattern, minLength, maxLength }: JsonSchema): string {
  const known = forms.find(([start]) => typeof pattern === 'string' && pattern.startsWith(start))?.[1];
  const [, digits] = /^\^\[0-9a-f\]\{(\d+)\}\$$/.exec(String(pattern)) ?? [];
  if (known === 'kebab-case') return `${known}, at most ${maxLength} characters`;
  if (known !== undefined) return known;
  if (digits !== undefined) return `${digits} hex characters`;
  return maxLength === undefined ? 'string' : `string, ${rangeOf(minLength, maxLength)}characters`;
}

function rangeOf(least: unknown, most: unknown): string {
  const [from, to] = [least, most].map((bound) => (isWorthSaying(bound) ? String(bound) : undefined));
  if (from !== undefined && to !== undefined) return `${from} to ${to} `;
  if (to !== undefined) return `at most ${to} `;
  return from === undefined ? '' : `from ${from} `;
}

function isWorthSaying(bound: unknown): bound is number {
  return typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
}
