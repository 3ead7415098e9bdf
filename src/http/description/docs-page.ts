import { html, raw } from 'hono/html';
import { encodeBase64, encodeUtf8 } from '../../bytes.ts';
import { sha256 } from '../../crypto/digest.ts';
import { errorCodes } from '../../errors.ts';
import { statuses } from '../request/statuses.ts';
import { commandOf, exampleOf } from './docs-example.ts';
import { docsStyle } from './docs-style.ts';
import type { JsonSchema } from './json-schema.ts';
import type { OpenApiDocument, Operation, PlacedOperation } from './openapi.ts';

type Html = ReturnType<typeof html>;

/** A page, and the content security policy that it needs. */
export interface Page {
  readonly html: string;
  readonly policy: string;
}

/** A field as a row of a table: its name, its type, whether it may be left out, what it is. */
type Row = readonly [string, string, boolean, unknown];

// The groups, as they are called.
const titles: Readonly<Record<string, string>> = {
  org: 'Organisations',
  key: 'Signing keys',
  trust: 'Trusted keys',
  acl: 'Trust ACLs',
  package: 'Packages',
  delegation: 'Delegations',
  ucan: 'Revocations, and tokens of older versions',
  database: 'The database',
  invoke: 'The entry point',
  health: 'How the server is',
  public: 'For anybody',
};

const policy = `default-src 'none'; style-src 'sha256-${encodeBase64(sha256(encodeUtf8(docsStyle)))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The description of the API for people: one page that needs no script and nothing from elsewhere. */
export function createPage({ info, paths }: OpenApiDocument): Page {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const groups = [...Map.groupBy(operations, ({ operation }) => String((operation['tags'] as readonly string[])[0]))];
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hanaper: the HTTP API</title><style>${raw(docsStyle)}</style></head><body>
<header><h1>The HTTP API of Hanaper</h1>
<p class="lead">${String(info['description'])}</p>
<p>In the examples <code>hanaper ucan bearer</code> makes the header of the request, with the key of <code>--as</code> and the delegations of <code>--proof</code>, and <code>curl -H @-</code> reads it. <code>POST /api/invoke</code> takes such a container, <code>$CONTAINER</code>, as its body, and answers with the signed receipt itself.</p>
<p>Whatever is refused is a problem (RFC 9457) with a stable <code>code</code>. For programs: <a href="/openapi.json">openapi.json</a>, OpenAPI 3.1, version ${String(info['version'])}.</p></header>
<nav>${groups.map(([tag, listed]) => listLinks(tag, listed))}</nav>
<main><h2 id="routes">Routes</h2>${listRoutes(operations)}<h2 id="codes">Codes</h2>${listCodes()}${groups.map(([tag, listed]) => html`<h2 id="about-${tag}">${titles[tag] ?? tag}</h2>${listed.map(describe)}`)}</main>
</body></html>`;
  return { html: String(page), policy };
}

function listLinks(tag: string, operations: readonly PlacedOperation[]): Html {
  return html`<ul><li><a href="#about-${tag}">${titles[tag] ?? tag}</a></li>${operations.map(
    ({ operation }) => html`<li><a href="#${idOf(operation)}">${String(operation['summary'])}</a></li>`,
  )}</ul>`;
}

// Any route can be refused with any of them: what an invocation breaks depends on its chain.
function listCodes(): Html {
  return html`<div class="scroll"><table><thead><tr><th>Code of a problem</th><th>HTTP status</th></tr></thead><tbody>${errorCodes.map(
    (code) => html`<tr><td><code>${code}</code></td><td>${String(statuses[code])}</td></tr>`,
  )}</tbody></table></div>`;
}

function listRoutes(operations: readonly PlacedOperation[]): Html {
  return html`<div class="scroll"><table><thead><tr><th>Route</th><th>Command</th><th>What it does</th></tr></thead><tbody>${operations.map(
    ({ method, path, operation }) =>
      html`<tr><td><a href="#${idOf(operation)}"><code><span class="method ${method}">${method}</span>${path}</code></a></td><td><code>${commandOf(operation) ?? ''}</code></td><td>${String(operation['summary'])}</td></tr>`,
  )}</tbody></table></div>`;
}

function describe(placed: PlacedOperation): Html {
  const { path, method, operation } = placed;
  const parameters = (operation['parameters'] ?? []) as readonly Readonly<Record<string, unknown>>[];
  const responses = Object.entries(operation['responses'] as Readonly<Record<string, unknown>>);
  const [[status, answer] = []] = responses;
  return html`<section id="${idOf(operation)}"><h3>${String(operation['summary'])}</h3>
<p class="route"><code><span class="method ${method}">${method}</span>${path}</code></p>
${operation['description'] === undefined ? '' : html`<p class="soft">${raw(withCode(String(operation['description'])))}</p>`}
${fieldsOf('Parameters', parameters.map(toParameterRow))}
${bodyOf('Body', schemaOf(operation['requestBody']))}
${bodyOf(`Answer ${status}`, schemaOf(answer))}
<p class="soft">Otherwise a problem with one of the <a href="#codes">codes</a>.</p>
<h4>Example</h4><pre><code>${exampleOf(placed)}</code></pre></section>`;
}

function toParameterRow({ name, in: place, schema, required, description }: Readonly<Record<string, unknown>>): Row {
  return [String(name), typeOf(schema as JsonSchema), required !== true, `${String(description)} (${String(place)})`];
}

function bodyOf(title: string, schema: JsonSchema | undefined): Html | string {
  if (schema === undefined) return '';
  const rows = rowsOf(schema);
  if (rows.length > 0) return fieldsOf(title, rows);
  return html`<h4>${title}</h4><p class="soft">${schema['properties'] ? 'Nothing.' : capitalise(typeOf(schema))}</p>`;
}

/** The fields of an object, those inside of them behind their names. */
function rowsOf(schema: JsonSchema, prefix = ''): readonly Row[] {
  if (isLink(schema)) return [];
  const required = (schema['required'] ?? []) as readonly string[];
  return Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>).flatMap(
    ([name, field]) => {
      const own: Row = [`${prefix}${name}`, typeOf(field), !required.includes(name), field['description']];
      if (isLink(field)) return [own];
      const items = field['items'] as JsonSchema | undefined;
      return [own, ...(items ? rowsOf(items, `${prefix}${name}[].`) : rowsOf(field, `${prefix}${name}.`))];
    },
  );
}

function fieldsOf(title: string, rows: readonly Row[]): Html | string {
  if (rows.length === 0) return '';
  return html`<h4>${title}</h4><div class="scroll"><table><thead><tr><th>Name</th><th>Type</th><th>What it is</th></tr></thead><tbody>${rows.map(
    ([name, type, isOptional, description]) =>
      html`<tr><td><code>${name}</code></td><td>${type}${isOptional ? ', optional' : ''}</td><td>${description === undefined ? '' : raw(withCode(String(description)))}</td></tr>`,
  )}</tbody></table></div>`;
}

function schemaOf(holder: unknown): JsonSchema | undefined {
  const content = (holder as { content?: Readonly<Record<string, { schema: JsonSchema }>> } | undefined)?.content;
  return content && (content['application/json'] ?? Object.values(content)[0])?.schema;
}

/** The type of a field in words. */
function typeOf(schema: JsonSchema): string {
  const { type, enum: choices, const: only, anyOf, items, format, additionalProperties } = schema;
  if (Array.isArray(choices)) return choices.map((each) => JSON.stringify(each)).join(' or ');
  if (only !== undefined) return JSON.stringify(only);
  if (Array.isArray(anyOf))
    return anyOf.map((each: JsonSchema) => String(each['description'] ?? typeOf(each))).join(' or ');
  if (isLink(schema)) return 'link, {"/": CID}';
  if (type === 'array') return `list of ${typeOf((items ?? {}) as JsonSchema)}`;
  if (type === 'object' && typeof additionalProperties === 'object') {
    return `object of ${typeOf(additionalProperties as JsonSchema)}`;
  }
  if (format === 'binary') return 'bytes';
  if (format === 'date-time') return 'time';
  return Array.isArray(type) ? type.join(' or ') : String(type ?? 'anything');
}

function isLink({ properties }: JsonSchema): boolean {
  return Object.keys(properties ?? {}).join() === '/';
}

function idOf({ operationId }: Operation): string {
  return String(operationId);
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// What stands between backticks is code.
function withCode(text: string): string {
  return String(html`${text}`).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}
