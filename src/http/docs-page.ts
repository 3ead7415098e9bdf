import { html, raw } from 'hono/html';
import { encodeBase64, encodeUtf8 } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import type { JsonSchema, OpenApiDocument, Operation } from './openapi.ts';

type Html = ReturnType<typeof html>;

/** A page, and the content security policy that it needs. */
export interface Page {
  readonly html: string;
  readonly policy: string;
}

const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); --soft: color-mix(in srgb, currentColor 6%, transparent); }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 54rem; margin: 0 auto; padding: 2rem 1.25rem 6rem; }
h1 { font-size: 1.9rem; margin: 0 0 .25rem; } h2 { margin: 3rem 0 .5rem; padding-top: .5rem; border-top: 2px solid var(--line); text-transform: capitalize; }
h3 { margin: 2rem 0 .25rem; font-size: 1.05rem; } p { margin: .35rem 0; } nav { columns: 14rem; margin: 1.5rem 0; }
nav a { display: block; padding: .1rem 0; } a { color: inherit; text-decoration-color: var(--line); }
code, pre { font: .875em/1.5 ui-monospace, monospace; } pre { background: var(--soft); padding: .75rem 1rem; overflow-x: auto; border-radius: .4rem; }
.method { display: inline-block; min-width: 3.5rem; font-weight: 700; } table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .925rem; }
td, th { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); } th { font-weight: 600; }
`;

const policy = `default-src 'none'; style-src 'sha256-${encodeBase64(sha256(encodeUtf8(style)))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The description of the API for people: one page that needs no script and nothing from elsewhere. */
export function createPage({ info, paths }: OpenApiDocument): Page {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const byTag = Map.groupBy(operations, ({ operation }) => String((operation['tags'] as readonly string[])[0]));
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hanaper: the HTTP API</title><style>${raw(style)}</style></head><body>
<h1>Hanaper: the HTTP API</h1><p>${String(info['description'])}</p><p>For programs: <a href="/openapi.json">openapi.json</a>, OpenAPI 3.1.</p>
<nav>${[...byTag.keys()].map((tag) => html`<a href="#${tag}">${tag}</a>`)}</nav>
${[...byTag].map(([tag, listed]) => html`<h2 id="${tag}">${tag}</h2>${listed.map(describe)}`)}
</body></html>`;
  return { html: String(page), policy };
}

function describe({ path, method, operation }: { path: string; method: string; operation: Operation }): Html {
  const parameters = (operation['parameters'] ?? []) as readonly {
    name: string;
    schema: JsonSchema;
    required: boolean;
    description?: string;
  }[];
  const body = schemaOf(operation['requestBody']);
  const answers = Object.values(operation['responses'] as Readonly<Record<string, unknown>>);
  return html`<section id="${String(operation['operationId'])}"><h3><span class="method">${method}</span> <code>${path}</code></h3>
<p>${String(operation['summary'])}. ${String(operation['description'] ?? '')}</p>
${parameters.length > 0 ? table(parameters.map((each) => [each.name, typeOf(each.schema), each.required, each.description])) : ''}
${body ? html`<p>Body:</p>${properties(body)}` : ''}
<p>Answer:</p>${properties(schemaOf(answers[0]) ?? {})}
<pre>${example(path, method, operation)}</pre></section>`;
}

function example(path: string, method: string, operation: Operation): string {
  const isPublic = (operation['security'] as readonly object[]).length === 0;
  const bearer = isPublic ? '' : ' -H "Authorization: Bearer $CONTAINER"';
  const type = operation['requestBody'] ? " -H 'Content-Type: application/json' -d @body.json" : '';
  return `curl -X ${method}${bearer}${type} http://localhost:7373${path}`;
}

function properties(schema: JsonSchema): Html | string {
  const fields = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>);
  const required = (schema['required'] ?? []) as readonly string[];
  if (fields.length === 0) return html`<p>${typeOf(schema)}</p>`;
  return table(fields.map(([name, field]) => [name, typeOf(field), required.includes(name), field['description']]));
}

function table(rows: readonly (readonly [string, string, boolean, unknown])[]): Html {
  return html`<table><tr><th>Name</th><th>Type</th><th></th><th></th></tr>${rows.map(
    ([name, type, required, description]) =>
      html`<tr><td><code>${name}</code></td><td>${type}</td><td>${required ? '' : 'optional'}</td><td>${typeof description === 'string' ? description : ''}</td></tr>`,
  )}</table>`;
}

function schemaOf(holder: unknown): JsonSchema | undefined {
  const content = (holder as { content?: Readonly<Record<string, { schema: JsonSchema }>> } | undefined)?.content;
  return content && Object.values(content)[0]?.schema;
}

function typeOf({ type, enum: choices, const: only, anyOf, items }: JsonSchema): string {
  if (Array.isArray(choices)) return choices.join(' | ');
  if (only !== undefined) return String(only);
  if (Array.isArray(anyOf)) return anyOf.map((each: JsonSchema) => typeOf(each)).join(' | ');
  if (type === 'array') return `list of ${typeOf((items ?? {}) as JsonSchema)}`;
  return Array.isArray(type) ? type.join(' | ') : String(type ?? 'any');
}
