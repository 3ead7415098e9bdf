import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { type LogFile, readLogFile } from '../../authority/log/read-log-file.ts';
import { type HeaderRecord, respond } from '../request/respond.ts';
import type { Service } from '../service.ts';

const prefix = '/log/';

/** Adds the log as static files (C2SP tlog-tiles), for anybody: where the operator has opened it. */
export function addLogFiles(app: Hono, service: Service): void {
  for (const path of ['/log/checkpoint', '/log/key', '/log/tile/*']) {
    app.get(path, (context) => answer(context, service));
  }
}

const types: Readonly<Record<LogFile['kind'], string>> = {
  checkpoint: 'text/plain; charset=utf-8',
  key: 'application/json',
  tile: 'application/octet-stream',
  entries: 'application/octet-stream',
};

// Pages of other sites may read it as anybody may, and show that they have checked it.
const openToAll: HeaderRecord = {
  'Access-Control-Allow-Origin': '*',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

// A tile is a name for what it holds, a narrower one too: the log goes on, and never changes.
const immutable: HeaderRecord = { 'Cache-Control': 'public, max-age=31536000, immutable' };

async function answer(context: Context, service: Service): Promise<Response> {
  const { kind, bytes } = await readLogFile(service.authority(), readPath(context));
  const headers = {
    'Content-Type': types[kind],
    ...openToAll,
    ...((kind === 'tile' || kind === 'entries') && immutable),
  };
  if (kind !== 'entries') return respond(context, 200, new Uint8Array(bytes), headers);
  const mayZip = accepts(context, { header: 'Accept-Encoding', supports: ['gzip', 'identity'], default: 'identity' });
  return mayZip === 'gzip'
    ? respond(context, 200, await zip(bytes), { ...headers, Vary: 'Accept-Encoding', 'Content-Encoding': 'gzip' })
    : respond(context, 200, new Uint8Array(bytes), { ...headers, Vary: 'Accept-Encoding' });
}

async function zip(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await promisify(gzip)(bytes));
}

// As it was spelled, with its query: a cache must not keep one file under many names.
function readPath({ req }: Context): string {
  const target = req.url.replace(/^[^:]+:\/\/[^/]*/, '');
  return target.startsWith(prefix) ? target.slice(prefix.length) : target;
}
