/** The HTTP API of an authority, to be served by `@hono/node-server`. */

export type { RequestLog } from './admission.ts';
export { type AppOptions, createApp } from './app.ts';
export type { RequestRate } from './limits.ts';
export type { Service } from './service.ts';
