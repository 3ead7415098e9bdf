import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
export function addressOf(context: Context): string {
  return getConnInfo(context).remote.address ?? 'socket';
}
export function isLocal(context: Context): boolean {
  const { remote } = getConnInfo(context);
  const forwarded = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];
  if (forwarded.some((name) => context.req.header(name) !== undefined)) return false;
  return remote.address === undefined || /^(127\.|::1$|::ffff:127\.)/.test(remote.address);
}
