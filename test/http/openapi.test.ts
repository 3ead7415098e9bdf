import { createHash } from 'node:crypto';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/authority/commands/list.ts';
import { createOpenApi } from '../../src/http/openapi.ts';
import { apiOf } from '../support/http.ts';
import { type OperationDocument, operationsOf } from '../support/openapi.ts';

const document = createOpenApi();
const operations = operationsOf(document);

function operationOf(method: string, path: string): OperationDocument | undefined {
  return operations.find((each) => each.method === method && each.path === path);
}

describe('The OpenAPI document', () => {
  test('is valid', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document) as unknown as Record<string, unknown>)).toEqual({
      valid: true,
    });
    expect(validator.version).toBe('3.1');
  });

  test('is what /openapi.json answers', async () => {
    const answer = await apiOf().send('/openapi.json');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual(JSON.parse(JSON.stringify(document)));
  });

  test.each(commands)('has $name with all of its arguments, once', ({ args, route, access, summary }) => {
    const operation = operationOf(route.method, route.path);
    const { shape } = args as unknown as { readonly shape: Readonly<Record<string, unknown>> };
    expect(operation?.summary).toBe(summary);
    const places = [
      ...(operation?.parameters ?? []).map(({ name }) => name),
      ...Object.keys(operation?.body?.properties ?? {}),
    ];
    const own = places.filter((name) => name !== 'org' && name !== 'passphrase');
    expect(own.toSorted()).toEqual(Object.keys(shape).toSorted());
    expect(places.includes('org')).toBe(route.path.includes('{org}'));
    expect(JSON.stringify(operation?.responses).includes('Hanaper-Receipt')).toBe(access === 'write');
  });

  test('has each parameter of a path, and gives each operation a name of its own', () => {
    for (const { path, parameters } of operations) {
      const inPath = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
      expect(inPath, path).toEqual(Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name));
    }
    const names = operations.map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  test('has every route that answers, and no other', async () => {
    const { app } = apiOf();
    const served = app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const elsewhere = [
      'POST /api/crypto/init',
      'GET /api/crypto/status',
      'POST /api/crypto/validate',
      'POST /api/crypto/unlock',
    ];
    const description = ['GET /openapi.json', 'GET /docs'];
    const described = operations.map(({ method, path }) => `${method} ${path}`);
    expect(described.toSorted()).toEqual(
      [...new Set([...served, ...elsewhere])].filter((each) => !description.includes(each)).toSorted(),
    );
  });

  test('says of a link what it is, and of each field what it is for', () => {
    const revoke = operationOf('POST', '/api/revocations')?.body;
    expect(revoke?.properties?.['revoke']).toMatchObject({
      type: 'object',
      required: ['/'],
      additionalProperties: false,
    });
    for (const { path, parameters } of operations) {
      for (const { name, description } of parameters) expect(description, `${path} ${name}`).toMatch(/\w/);
    }
  });
});

describe('The page of the documentation', () => {
  async function readPage() {
    const answer = await apiOf().send('/docs');
    return { answer, html: await answer.text(), policy: answer.headers.get('content-security-policy') ?? '' };
  }

  test('has every operation, with its summary', async () => {
    const { answer, html } = await readPage();
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    for (const { path, summary } of operations) {
      expect(html).toContain(path);
      expect(html).toContain(summary.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll("'", '&#39;'));
    }
  });

  test('needs no script, and nothing from another host', async () => {
    const { html } = await readPage();
    expect(html).not.toMatch(/<script|<iframe|<img|<link|<object|<embed|\son\w+=|javascript:|@import|url\(/i);
    const references = Array.from(html.matchAll(/(?:href|src|action)="([^"]*)"/g), ([, target = '']) => target);
    expect(references.length).toBeGreaterThan(10);
    for (const target of references) expect(target).toMatch(/^(#|\/(?!\/))/);
  });

  test('is allowed its own style by its digest, and no other', async () => {
    const { html, policy } = await readPage();
    const styles = Array.from(html.matchAll(/<style>([\s\S]*?)<\/style>/g), ([, style = '']) => style);
    expect(styles).toHaveLength(1);
    const digest = createHash('sha256')
      .update(styles[0] ?? '')
      .digest('base64');
    expect(policy).toContain(`style-src 'sha256-${digest}';`);
    expect(html).not.toMatch(/\sstyle=/);
    expect(policy).not.toMatch(/unsafe|script-src/);
  });

  test('leads only to places that it has', async () => {
    const { html } = await readPage();
    const ids = Array.from(html.matchAll(/\sid="([^"]*)"/g), ([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of html.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(target);
  });

  test('closes what it opens', async () => {
    const { html } = await readPage();
    const open: string[] = [];
    for (const [, slash, name = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)(?=[\s>])[^>]*>/g)) {
      if (['meta', 'br', 'hr', 'wbr'].includes(name)) continue;
      if (slash === '/') expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
    expect(html).not.toMatch(/undefined|\[object|NaN/);
  });
});
