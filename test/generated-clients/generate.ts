/** Writes two clients of an OpenAPI document, each as its own generator does: `DOCUMENT FOLDER`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient } from '@hey-api/openapi-ts';
import generateTypes, { astToString } from 'openapi-typescript';
import { factory } from 'typescript';

const [, , document = '', folder = ''] = process.argv;

const types = await generateTypes(pathToFileURL(document), {
  // As its documentation advises: else bytes are a string.
  transform: ({ format }) => (format === 'binary' ? factory.createTypeReferenceNode('Blob') : undefined),
});
writeFileSync(join(folder, 'types.ts'), astToString(types));
await createClient({
  input: document,
  output: { path: join(folder, 'sdk'), module: { extension: '.ts' } },
  plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
  logs: { level: 'silent' },
});
