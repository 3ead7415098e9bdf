import type { JsonSchema } from './json-schema.ts';
import type { PlacedOperation } from './openapi.ts';

const origin = 'http://localhost:7373';

// What stands for a field of that name.
const samples: Readonly<Record<string, unknown>> = {
  org: 'acme',
  organisation: 'acme',
  name: 'release',
  key: 'release',
  child: 'globex',
  passphrase: '…',
  hash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  command: '/package/sign',
};

/** An operation as a command of a shell; the header of one that takes an invocation is made in front of it. */
export function exampleOf(placed: PlacedOperation): string {
  const { path, method, operation } = placed;
  const content = (operation['requestBody'] as { content?: Readonly<Record<string, { schema: JsonSchema }>> })?.content;
  const [type, media] = Object.entries(content ?? {})[0] ?? [];
  const body =
    type === 'application/json'
      ? `-d '${JSON.stringify(sampleOf(media?.schema ?? {}))}'`
      : '--data-binary "$CONTAINER"';
  const parts = [
    `curl ${method === 'GET' ? '' : `-X ${method} `}${origin}${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(samples[name] ?? '…'))}`,
    ...headersOf(operation['parameters'], operation['security']),
    ...(type === undefined ? [] : [`-H 'Content-Type: ${type}'`, body]),
  ];
  return [...makingOf(placed), parts.join(' \\\n  ')].join(' |\n');
}

// The command of a plain route, with the very arguments that the request repeats.
function makingOf({ path, operation }: PlacedOperation): readonly string[] {
  const command = commandOf(operation);
  if (command === undefined) return [];
  const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name).filter((name) => name !== 'org');
  const args = { ...Object.fromEntries(inPath.map((name) => [name, samples[name] ?? '…'])), ...bodyOf(operation) };
  const parts = [
    `hanaper ucan bearer ${command}`,
    ...(Object.keys(args).length > 0 ? [`--args '${JSON.stringify(args)}'`] : []),
    ...(path.includes('{org}') ? [`--org ${samples['org']}`] : []),
    `--server ${origin} --as KEYFILE --proof FILE`,
  ];
  return [parts.join(' ')];
}

/** The command of a plain route: `undefined` for a route that has none. */
export function commandOf({ description }: PlacedOperation['operation']): string | undefined {
  return /^Command `([^`]+)`/.exec(String(description))?.[1];
}

function bodyOf(operation: PlacedOperation['operation']): object {
  const content = (operation['requestBody'] as { content?: Readonly<Record<string, { schema: JsonSchema }>> })?.content;
  const { passphrase: _, ...args } = sampleOf(content?.['application/json']?.schema ?? { type: 'object' }) as Readonly<
    Record<string, unknown>
  >;
  return args;
}

interface NamedParameter {
  readonly in: string;
  readonly name: string;
  readonly required: boolean;
}

function headersOf(parameters: unknown, security: unknown): readonly string[] {
  const named = ((parameters ?? []) as readonly NamedParameter[]).filter(
    (each) => each.in === 'header' && each.required,
  );
  const isPublic = (security as readonly object[]).length === 0;
  return [...(isPublic ? [] : ['-H @-']), ...named.map(({ name }) => `-H '${name}: …'`)];
}

/** A value with what a schema requires. */
function sampleOf(schema: JsonSchema, name = ''): unknown {
  const { type, enum: choices, const: only, anyOf, properties = {}, required = [], items } = schema;
  if (only !== undefined) return only;
  if (Array.isArray(choices)) return choices[0];
  if (Array.isArray(anyOf)) return sampleOf(anyOf[0] as JsonSchema, name);
  if (type === 'array') return [sampleOf((items ?? {}) as JsonSchema, name)];
  if (type === 'object') {
    const fields = properties as Readonly<Record<string, JsonSchema>>;
    return Object.fromEntries(
      (required as readonly string[]).map((field) => [field, sampleOf(fields[field] ?? {}, field)]),
    );
  }
  return samples[name] ?? (type === 'integer' ? 1 : type === 'boolean' ? true : '…');
}
