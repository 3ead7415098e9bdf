import type { HanaperError } from '../../errors.ts';
import type { AnyCommand } from '../schemas/command.ts';
import type { Host } from './host.ts';

// What is reported of arguments: names, hashes and CIDs.
const toldFields = ['name', 'key', 'hash', 'cid', 'issuer', 'revoked_by'];
const longest = 1024;

/** Reports a command that was refused, and its subject. */
export function reportRefusal(
  host: Host,
  { name, refusal = 'command.refused' }: AnyCommand,
  about: Readonly<Record<string, unknown>>,
  args: unknown,
  error: HanaperError,
): void {
  host.report(refusal, { command: name, ...about, ...namesIn(args), ...namesIn(error.details) }, error);
}

// As far as they are short text, and nothing else of it.
function namesIn(args: unknown): Readonly<Record<string, string>> {
  const entries = typeof args === 'object' && args !== null ? Object.entries(args) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => {
      const [field, value] = entry;
      return toldFields.includes(field) && typeof value === 'string' && value.length <= longest;
    }),
  );
}
