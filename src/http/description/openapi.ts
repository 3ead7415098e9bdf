import { z } from 'zod';
import { commands } from '../../authority/commands/list.ts';
import type { AnyCommand } from '../../authority/schemas/command.ts';
import { version } from '../../version.ts';
import { secretRoutes } from '../routes/command-routes.ts';
import { everyHeader, headerComponents, proofParameter, receiptHeaders } from './described-headers.ts';
import { problemSchema, problems, problemsOfWrites } from './described-problems.ts';
import { fixedOperations } from './fixed-operations.ts';
import type { JsonSchema } from './json-schema.ts';

/** One operation of an OpenAPI document. */
export type Operation = Readonly<Record<string, unknown>>;

/** An operation, and where it is. */
export interface PlacedOperation {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: Readonly<Record<string, unknown>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, unknown>>;
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** Describes the whole API, the commands as they are defined. */
export function createOpenApi(): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {};
  const add = (path: string, method: string, operation: Operation) => {
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation };
  };
  for (const command of commands) add(command.route.path, command.route.method, describeCommand(command));
  for (const { path, method, operation } of fixedOperations) add(path, method, operation);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hanaper',
      version,
      summary: 'A self-hosted trust authority',
      description:
        'Each command stands here as a plain route. The invocation in the Authorization header must be one of the very request: its command, its subject, and every argument.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: { securitySchemes: { invocation }, schemas: { Problem: problemSchema }, headers: headerComponents },
  };
}

/** The JSON Schema of a zod schema. */
export function toSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' });
  return rest as JsonSchema;
}

const invocation = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'UCAN container',
  description: 'A container with one invocation and its proofs, in base64 or base64url, zipped or not',
};

function describeCommand(command: AnyCommand): Operation {
  const { name, summary, route, access, args, result } = command;
  const schema = toSchema(args) as ObjectSchema;
  const inPath = Array.from(route.path.matchAll(/\{(\w+)\}/g), ([, parameter = '']) => parameter);
  const rest = Object.keys(schema.properties ?? {}).filter((field) => !inPath.includes(field));
  const parameters = [
    ...inPath.map((field) => describeParameter('path', field, schema)),
    ...(route.method === 'GET' ? rest.map((field) => describeParameter('query', field, schema)) : []),
    ...(access === 'write' && !secretRoutes.includes(route.path) ? [proofParameter] : []),
  ];
  const secret = secretRoutes.includes(route.path);
  return {
    operationId: name.slice(1).replaceAll('/', '-'),
    summary,
    description: `Command \`${name}\`, ${access === 'read' ? 'which only reads' : 'which leaves a receipt'}.`,
    tags: [name.split('/')[1]],
    security: secret ? [{ invocation: [] }, {}] : [{ invocation: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(route.method !== 'GET' && { requestBody: describeBody(schema, rest, secret) }),
    responses: {
      '200': {
        description: 'Done',
        headers: access === 'write' ? receiptHeaders : everyHeader,
        content: { 'application/json': { schema: toSchema(result) } },
      },
      ...(access === 'write' ? problemsOfWrites : problems),
    },
  };
}

function describeParameter(place: 'path' | 'query', name: string, { properties = {}, required = [] }: ObjectSchema) {
  const isSubject = name === 'org' && properties[name] === undefined;
  const schema = isSubject ? { type: 'string' } : (properties[name] ?? {});
  const described = isSubject ? 'The organisation: name or DID' : schema['description'];
  return {
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema,
    ...(typeof described === 'string' && { description: described }),
  };
}

// A passphrase goes beside the invocation, never into it.
function describeBody({ properties = {}, required = [] }: ObjectSchema, fields: readonly string[], secret: boolean) {
  const own = Object.fromEntries(fields.map((field) => [field, properties[field] ?? {}]));
  const passphrase = { passphrase: { type: 'string', description: 'Beside the invocation, never in it' } };
  const schema = {
    type: 'object',
    properties: { ...own, ...(secret && passphrase) },
    required: required.filter((field) => fields.includes(field)),
    additionalProperties: false,
  };
  return { required: schema.required.length > 0, content: { 'application/json': { schema } } };
}
