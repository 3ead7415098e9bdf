/** How far the clock of a signer may run ahead of the verifier's, in milliseconds. */
export const aheadTolerance: number = 60_000;

/**
 * The milliseconds since 1970 of an RFC 3339 date-time in UTC (`2026-01-31T12:00:00Z`, with up to nine decimals);
 * `undefined` for any other text, other offsets and days that do not exist included.
 */
export function parseTime(text: string): number | undefined {
  if (text.length > 30 || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text)) return undefined;
  // There is no year 0, and PostgreSQL takes none.
  if (text.startsWith('0000')) return undefined;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) return undefined;
  // A day that its month does not have, and 24:00, are read as the day after.
  return new Date(milliseconds).getUTCDate() === Number(text.slice(8, 10)) ? milliseconds : undefined;
}

/** A time that was read already, in whole seconds since 1970: how tokens tell times. */
export function toSeconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}
