/** The OpenAPI document as tests read it, and values that fit its schemas. */
import fc from 'fast-check';
import type { OpenApiDocument } from '../../src/http/index.ts';
import { computeCid, formatCid } from '../../src/ucan/index.ts';

/** A JSON Schema as the document has it. */
export interface SchemaDocument {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, SchemaDocument>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaDocument;
  readonly propertyNames?: SchemaDocument;
  readonly items?: SchemaDocument;
  readonly prefixItems?: readonly SchemaDocument[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly SchemaDocument[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A parameter as the document has it. */
export interface ParameterDocument {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: SchemaDocument;
}

/** An operation as the document has it. */
export interface OperationDocument {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly ParameterDocument[];
  /** The first schema of its body. */
  readonly body?: SchemaDocument;
  readonly responses: Readonly<Record<string, unknown>>;
}

/** Every operation of a document. */
export function operationsOf({ paths }: OpenApiDocument): readonly OperationDocument[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const {
        operationId,
        summary,
        parameters = [],
        requestBody,
        responses,
      } = operation as unknown as OperationDocument & {
        readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: SchemaDocument }>> };
      };
      const body = requestBody && Object.values(requestBody.content)[0]?.schema;
      const own = { method: method.toUpperCase(), path, operationId, summary, parameters, responses };
      return body ? { ...own, body } : own;
    }),
  );
}

// Of lists and texts that are made up.
const most = 8;
const mostCharacters = 100;

/** Values that fit a schema. */
export function valuesOf(schema: SchemaDocument): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valuesOf));
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type: string) => valuesOf({ ...schema, type })));
  switch (schema.type) {
    case 'string':
      return textsOf(schema);
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1000, max: Math.min(schema.maximum ?? 1000, 2 ** 31 - 1) });
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return listsOf(schema);
    case 'object':
      return objectsOf(schema);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function textsOf({ pattern, format, minLength = 0, maxLength = mostCharacters }: SchemaDocument): fc.Arbitrary<string> {
  if (format === 'date-time')
    return fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString());
  if (pattern === '^did:[a-z0-9]+:')
    return fc.constantFrom('did:web:example.com', 'did:key:z6MkixfGLHDcPhGaP7L7oRx5rWMmfoDcoaQ7bsSF2jaRyXbL');
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern)).filter(({ length }) => length <= maxLength);
  return fc.string({ minLength, maxLength: Math.min(maxLength, mostCharacters), unit: 'grapheme' });
}

function listsOf({ items = {}, prefixItems, minItems = 0, maxItems = most }: SchemaDocument): fc.Arbitrary<unknown> {
  if (prefixItems) return fc.tuple(...prefixItems.map(valuesOf));
  return fc.array(valuesOf(items), { minLength: minItems, maxLength: Math.min(maxItems, Math.max(minItems, most)) });
}

function objectsOf({
  properties = {},
  required = [],
  additionalProperties,
  propertyNames,
}: SchemaDocument): fc.Arbitrary<unknown> {
  if (isLink(properties))
    return fc.uint8Array({ minLength: 1 }).map((bytes) => ({ '/': formatCid(computeCid(bytes)) }));
  if (typeof additionalProperties === 'object') {
    return fc.dictionary(textsOf(propertyNames ?? {}), valuesOf(additionalProperties), { maxKeys: most });
  }
  const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valuesOf(schema)]));
  return fc.record(fields, { requiredKeys: [...required] });
}

// The CID of a token.
function isLink(properties: Readonly<Record<string, SchemaDocument>>): boolean {
  return Object.keys(properties).join() === '/';
}

/** What in an answer is not as its operation describes it. */
export function findStray({ responses }: OperationDocument, answer: unknown): readonly string[] {
  const [first] = Object.values(responses) as { content: Readonly<Record<string, { schema: SchemaDocument }>> }[];
  return differences(first?.content['application/json']?.schema ?? {}, answer, '$');
}

function differences(schema: SchemaDocument, value: unknown, at: string): readonly string[] {
  const { type, anyOf, enum: choices, const: only, pattern, properties = {}, required = [], items } = schema;
  if (anyOf) return anyOf.some((each) => differences(each, value, at).length === 0) ? [] : [`${at} fits none`];
  if (only !== undefined && only !== value) return [`${at} is not ${only}`];
  if (choices && !choices.includes(value)) return [`${at} is not listed`];
  if (type !== undefined && ![type].flat().includes(typeOf(value))) return [`${at} is no ${type}`];
  if (typeof value === 'string') return pattern && !new RegExp(pattern).test(value) ? [`${at} is of another form`] : [];
  if (Array.isArray(value)) return value.flatMap((each, i) => (items ? differences(items, each, `${at}[${i}]`) : []));
  if (typeof value !== 'object' || value === null) return [];
  return [
    ...required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, inner]) => {
      const known = properties[name];
      if (known) return differences(known, inner, `${at}.${name}`);
      return schema.additionalProperties === false ? [`${at}.${name} is not known`] : [];
    }),
  ];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
