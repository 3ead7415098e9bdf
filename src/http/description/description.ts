import type { Context, Hono } from 'hono';
import { encodeUtf8 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { respond } from '../request/respond.ts';
import { createPage } from './docs-page.ts';
import { createOpenApi } from './openapi.ts';

interface Description {
  readonly json: Uint8Array<ArrayBuffer>;
  readonly html: Uint8Array<ArrayBuffer>;
  readonly policy: string;
}

const seeOther = 303;

/** Adds the API's description: `/openapi.json` for programs, `/docs` for people, to which `/` leads browsers. Neither loads anything from elsewhere. */
export function addDescription(app: Hono): void {
  let made: Description | undefined;
  app.get('/openapi.json', (context) => {
    made ??= describe();
    return respond(context, 200, made.json, { 'Content-Type': 'application/json' });
  });
  app.get('/', (context) => {
    if (isBrowser(context)) return context.redirect('/docs', seeOther);
    throw new HanaperError('not_found', 'There is nothing here but the page that /docs has.', { kind: 'route' });
  });
  app.get('/docs', (context) => {
    made ??= describe();
    return respond(context, 200, made.html, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': made.policy,
    });
  });
}

function isBrowser({ req }: Context): boolean {
  return (req.header('Accept') ?? '').split(',').some((part) => part.split(';')[0]?.trim() === 'text/html');
}

// Made once, as bytes: those who do not read their answer all hold the same.
function describe(): Description {
  const document = createOpenApi();
  const { html, policy } = createPage(document);
  return { json: encodeUtf8(JSON.stringify(document)), html: encodeUtf8(html), policy };
}
