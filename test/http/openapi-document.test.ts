import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { commands } from '../../src/authority/commands/list.ts';
import { createOpenApi, toSchema } from '../../src/http/description/openapi.ts';

const document = createOpenApi();

test('the description of the API is a valid document of OpenAPI 3.1', async () => {
  expect(await new Validator().validate(structuredClone(document) as never)).toMatchObject({ valid: true });
});

test.each(commands)('$name stands in it, with each of its arguments', ({ name, summary, route, args }) => {
  const operation = document.paths[route.path]?.[route.method.toLowerCase()] ?? {};
  expect(operation).toMatchObject({ summary, operationId: name.slice(1).replaceAll('/', '-') });
  const text = JSON.stringify(operation);
  const { shape = {} } = args as { readonly shape?: Readonly<Record<string, unknown>> };
  for (const argument of Object.keys(shape)) expect(text).toContain(`"${argument}"`);
});

test('whatever a command results in is an object, as /api/invoke is described to answer', () => {
  for (const { name, result } of commands) expect(toSchema(result), name).toMatchObject({ type: 'object' });
});
