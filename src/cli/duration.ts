import { HanaperError } from '../errors.ts';
import { parseTime } from '../signature/time.ts';

const milliseconds: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};

/**
 * The time that an option means: a duration from `now` (`90d`, `12h`, `30m`, `4w`, `1y`), or an RFC 3339 time in UTC.
 *
 * @throws HanaperError `usage`
 */
export function parseExpiry(text: string, now: Date, name = '--expires'): string {
  const length = parseDuration(text);
  const time = length === undefined ? parseTime(text) : now.getTime() + length;
  if (time !== undefined && time < 8.64e15) return new Date(time).toISOString();
  throw notTime(text, name);
}

/**
 * The same for `--expires`, which must lie ahead.
 *
 * @throws HanaperError `usage`, `bad_input`
 */
export function parseFutureExpiry(text: string, now: Date): string {
  const time = parseExpiry(text, now);
  if (Date.parse(time) > now.getTime()) return time;
  throw new HanaperError('bad_input', `--expires is in the past (${time}).`, { option: '--expires' });
}

/**
 * The time that `--since` means: so long before `now` (`30d`, `12h`), or an RFC 3339 time in UTC.
 *
 * @throws HanaperError `usage`
 */
export function parseSince(text: string, now: Date): string {
  const length = parseDuration(text);
  const time = length === undefined ? parseTime(text) : now.getTime() - length;
  if (time !== undefined && Math.abs(time) < 8.64e15) return new Date(Math.max(0, time)).toISOString();
  throw notTime(text, '--since');
}

function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,6})([mhdwy])$/.exec(text) ?? [];
  return unit === undefined ? undefined : Number(amount) * (milliseconds[unit] ?? 0);
}

function notTime(text: string, name: string): HanaperError {
  return new HanaperError(
    'usage',
    `"${text}" is no duration or time. Give 90d, 12h, 30m, 4w, 1y or 2026-12-31T00:00:00Z.`,
    {
      option: name,
    },
  );
}
