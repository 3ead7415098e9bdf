import type { Context, Hono } from 'hono';
import { readLogFile } from '../authority/read-log-file.ts';
import { respond } from './respond.ts';
import type { Service } from './service.ts';

const prefix = '/log/';

/** Adds the log as static files (C2SP tlog-tiles), for anybody: where the operator has opened it. */
export function addLogFiles(app: Hono, service: Service): void {
  for (const path of ['/log/checkpoint', '/log/tile/*']) app.get(path, (context) => answer(context, service));
}

async function answer(context: Context, service: Service): Promise<Response> {
  const { kind, bytes, isFull } = await readLogFile(service.authority(), readPath(context));
  return respond(context, 200, new Uint8Array(bytes), {
    'Content-Type': kind === 'checkpoint' ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    ...(isFull && { 'Cache-Control': 'public, max-age=31536000, immutable' }),
  });
}

// As it was spelled, with its query: a cache must not keep one file under many names.
function readPath({ req }: Context): string {
  const target = req.url.replace(/^[^:]+:\/\/[^/]*/, '');
  return target.startsWith(prefix) ? target.slice(prefix.length) : target;
}
