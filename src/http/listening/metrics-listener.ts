import type { IncomingMessage, ServerResponse } from 'node:http';
import { listAcceptedHosts } from './listen-address.ts';
import { type Listener, listen } from './listener.ts';
import type { Metrics } from './metrics.ts';

const host = '127.0.0.1';

/** Serves `/metrics` on a port of this machine alone. */
export async function listenForMetrics(port: number, load: () => Promise<Metrics>): Promise<Listener> {
  let hosts: ReadonlySet<string> = new Set();
  const listener = await listen({
    address: { kind: 'tcp', host, port },
    remedy: 'This is the port of the metrics: choose another one with --metrics, or "off".',
    handle: (request, response) => {
      answer(request, response, hosts, load).catch(() => end(response, 500, 'The metrics could not be read.\n'));
    },
  });
  hosts = listAcceptedHosts(host, listener.port, []);
  return listener;
}

async function answer(
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
  hosts: ReadonlySet<string>,
  load: () => Promise<Metrics>,
): Promise<void> {
  if (!hosts.has(headers.host?.toLowerCase() ?? '')) return end(response, 421, 'This is another host.\n');
  if (url !== '/metrics') return end(response, 404, 'There is only /metrics here.\n');
  if (method !== 'GET' && method !== 'HEAD') return end(response, 405, 'Only GET and HEAD.\n');
  const metrics = await load();
  const text = await metrics.render();
  response.setHeader('Content-Type', metrics.contentType);
  end(response, 200, text);
}

function end(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.end(text);
}
