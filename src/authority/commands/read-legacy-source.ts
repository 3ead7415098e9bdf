import { readLegacyRows } from '../../store/tables/legacy-source.ts';

/**
 * The tokens of UCAN 0.8 to 0.10 that another program keeps in a SQLite file (table `ucan_tokens`, column `raw_token`),
 * one at a time, as they stand there. The source is only read: neither it nor anything beside it is touched.
 *
 * @throws HanaperError `bad_input`, `too_large` above 1,000,000 rows, `unavailable` where it changes meanwhile
 */
export function readLegacySource(path: string): Iterable<string> {
  return readLegacyRows(path);
}
