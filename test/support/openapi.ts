/** The OpenAPI document as tests read it. */
import type { OpenApiDocument } from '../../src/http/description/openapi.ts';

/** A JSON Schema, as far as tests look into it. */
interface SchemaDocument {
  readonly properties?: Readonly<Record<string, SchemaDocument>>;
  readonly required?: readonly string[];
}

/** A parameter as the document has it. */
interface ParameterDocument {
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
  /** The schema of what it answers in JSON. */
  readonly answer?: SchemaDocument;
  readonly responses: Readonly<Record<string, ResponseDocument>>;
}

interface ResponseDocument {
  readonly content: Readonly<Record<string, { readonly schema: SchemaDocument }>>;
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
      const answer = Object.values(responses)[0]?.content['application/json']?.schema;
      const own = {
        ...(answer && { answer }),
        method: method.toUpperCase(),
        path,
        operationId,
        summary,
        parameters,
        responses,
      };
      return body ? { ...own, body } : own;
    }),
  );
}
