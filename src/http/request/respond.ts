import type { Context } from 'hono';

/** Headers by name. */
export type HeaderRecord = Readonly<Record<string, string>>;

const requestIdVariable = 'requestId';
const completeVariable = 'completeResponse';

/** What every answer says to browsers: show it to nobody else, keep nothing, run nothing. */
const securityHeaders: HeaderRecord = {
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** What every answer has. */
export function standardHeaders(id: string): HeaderRecord {
  return { ...securityHeaders, 'X-Request-Id': id };
}

/** Gives a request its id. */
export function setRequestId(context: Context, id: string): void {
  context.set(requestIdVariable, id);
}

/** The id of a request: a UUID. */
export function requestIdOf(context: Context): string {
  return String(context.get(requestIdVariable) ?? '');
}

/** An answer with what every answer has. One object of headers, since that is what the server writes fastest. */
export function respond(
  context: Context,
  status: number,
  body: string | Uint8Array<ArrayBuffer>,
  headers: HeaderRecord,
): Response {
  const response = new Response(body, { status, headers: { ...standardHeaders(requestIdOf(context)), ...headers } });
  context.set(completeVariable, response);
  return response;
}

/** An answer in JSON. */
export function respondJson(context: Context, value: unknown, status = 200, headers: HeaderRecord = {}): Response {
  return respond(context, status, JSON.stringify(value), { 'Content-Type': 'application/json', ...headers });
}

/** Gives an answer that somebody else made what every answer has. */
export function completeHeaders(context: Context): void {
  // To look at the headers would have them made into an object of another kind, and slowly.
  if (context.get(completeVariable) === context.res) return;
  const { headers } = context.res;
  for (const [name, value] of Object.entries(securityHeaders)) if (!headers.has(name)) headers.set(name, value);
  headers.set('X-Request-Id', requestIdOf(context));
}
