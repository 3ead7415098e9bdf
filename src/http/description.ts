import type { Hono } from 'hono';
import { createPage } from './docs-page.ts';
import { createOpenApi, type OpenApiDocument } from './openapi.ts';
import { respond, respondJson } from './respond.ts';

/** Adds the API's description: `/openapi.json` for programs, `/docs` for people. Neither loads anything from elsewhere. */
export function addDescription(app: Hono): void {
  let document: OpenApiDocument | undefined;
  app.get('/openapi.json', (context) => {
    document ??= createOpenApi();
    return respondJson(context, document);
  });
  app.get('/docs', (context) => {
    document ??= createOpenApi();
    const { html, policy } = createPage(document);
    return respond(context, 200, html, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy,
    });
  });
}
