import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { requireRefusal } from '../../attempt.ts';
import type { LogState } from '../../authority/log/log-state.ts';
import type { HanaperEvent } from '../../events.ts';
import type { RequestLog } from './app.ts';

/** What a server counts. */
export interface Metrics {
  readonly contentType: string;
  observeRequest(entry: RequestLog): void;
  observeEvent(event: HanaperEvent): void;
  /** All of it, in the text format of Prometheus. */
  render(): Promise<string>;
}

// Seconds: from what a cached answer takes to what an unlocking does.
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is asked of a database each time that the counters are read. */
export interface Watched {
  isLocked(): boolean;
  /** Whether the log was found to be that of an old copy when it was looked at last. */
  isRolledBack(): boolean;
  /** `undefined` where there is no database yet. */
  readLog(): Promise<LogState> | undefined;
}

/** Counters that begin at zero. */
export function createMetrics({ isLocked, isRolledBack, readLog }: Watched): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'hanaper_http_requests_total',
    help: 'Requests that were answered, by route and status',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'hanaper_http_request_duration_seconds',
    help: 'How long the answer took, by route',
    labelNames: ['method', 'route'] as const,
    buckets,
    registers: [registry],
  });
  const executed = new Counter({
    name: 'hanaper_commands_executed_total',
    help: 'Commands that left a receipt, by name and code; "ok" is the code of those that were not refused',
    labelNames: ['command', 'code'] as const,
    registers: [registry],
  });
  const refused = new Counter({
    name: 'hanaper_commands_refused_total',
    help: 'Commands that were refused, with or without a receipt, by name and code',
    labelNames: ['command', 'code'] as const,
    registers: [registry],
  });
  addLockGauge(registry, isLocked);
  addLogGauges(registry, { isRolledBack, readLog });
  return {
    contentType: registry.contentType,
    observeRequest: ({ method, path, status, milliseconds }) => {
      requests.inc({ method, route: path, status });
      durations.observe({ method, route: path }, milliseconds / 1000);
    },
    observeEvent: ({ name, reason, details: { command } }) => {
      if (typeof command !== 'string') return;
      if (name === 'command.executed') executed.inc({ command, code: reason ?? 'ok' });
      else if (reason !== undefined) refused.inc({ command, code: reason });
    },
    render: () => registry.metrics(),
  };
}

function addLockGauge(registry: Registry, isLocked: Watched['isLocked']): void {
  new Gauge({
    name: 'hanaper_locked',
    help: '1 while the vault is locked, 0 while it is open',
    registers: [registry],
    collect() {
      this.set(isLocked() ? 1 : 0);
    },
  });
}

function addLogGauges(registry: Registry, { isRolledBack, readLog }: Omit<Watched, 'isLocked'>): void {
  let reading: Promise<LogState | undefined> | undefined;
  // All of them are collected at the same moment, and so from one reading.
  const read = () => {
    reading ??= readQuietly(readLog).finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const add = (name: string, help: string, measure: (state: LogState) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const state = await read();
        if (state) this.set(measure(state));
      },
    });
  new Gauge({
    name: 'hanaper_log_rolled_back',
    help: '1 where an old copy was put in the place of the database, 0 otherwise',
    registers: [registry],
    async collect() {
      await read();
      this.set(isRolledBack() ? 1 : 0);
    },
  });
  add('hanaper_log_entries', 'Entries of the log', ({ entries }) => entries);
  add('hanaper_log_checkpoint_entries', 'Entries of the log under the last checkpoint', ({ signed }) => signed);
  add(
    'hanaper_log_checkpoint_age_seconds',
    'How long ago the last checkpoint was made; one is made where there are new entries',
    ({ signedAt }) => (signedAt === undefined ? 0 : (Date.now() - Date.parse(signedAt)) / 1000),
  );
}

// Counters are read where a database is in trouble, too.
async function readQuietly(readLog: Watched['readLog']): Promise<LogState | undefined> {
  try {
    return await readLog();
  } catch (error) {
    requireRefusal(error);
    return undefined;
  }
}
