/** The HTTP API: an application for any server that takes a `fetch` handler. */
export { type AppOptions, createApp, type RequestLog } from './app.ts';
export { createOpenApi, type OpenApiDocument } from './openapi.ts';
export type { Service } from './service.ts';
