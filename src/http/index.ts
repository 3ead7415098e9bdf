/** The HTTP API: an application for any server that takes a `fetch` handler. */

export { createOpenApi, type OpenApiDocument } from './description/openapi.ts';
export { type AppOptions, createApp, type RequestLog } from './listening/app.ts';
export type { Service } from './service.ts';
