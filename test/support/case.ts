/** One thing that is asked for, by whichever way. */

import { commands } from '../../src/authority/commands/list.ts';
import type { AnyCommand } from '../../src/authority/schemas/command.ts';
import type { ErrorCode } from '../../src/errors.ts';
import type { Asking, Place } from './place.ts';

type Args = Readonly<Record<string, unknown>>;
/** Gives the last result of a command. */
export type Before = (command: { readonly name: string }) => unknown;

/** One thing that is asked for. What it changes, every way changes. */
export interface Case {
  readonly command: AnyCommand;
  /** Absent where only a verb can be asked so. `before` gives the last result of a command. */
  readonly args?: (place: Place, before: Before) => Args | Promise<Args>;
  /** The words of a verb, separated by spaces; absent where none can be asked so. */
  readonly verb?: string;
  /** What the verb prints, where it is not the result itself. */
  readonly prints?: (result: never) => object;
  /** Why it is refused; absent where it is done. */
  readonly code?: ErrorCode;
  /** Whose it is, where not acme's; what goes beside it; and who signs, where it is not the administrator. */
  readonly more?: Pick<Asking, 'given' | 'signer' | 'organisation'>;
}

/** What a case may have besides. */
export type More = Partial<Pick<Case, 'prints' | 'more'>>;

/** A case that is done. */
export function does(
  named: { readonly name: string },
  args: Args | Case['args'],
  verb?: string,
  more: More = {},
): Case {
  const command = commands.find(({ name }) => name === named.name);
  if (!command) throw new TypeError(`${named.name} is not listed`);
  return {
    command,
    ...(args && { args: typeof args === 'function' ? args : () => args }),
    ...(verb !== undefined && { verb }),
    ...more,
  };
}

/** A case that is refused. */
export function refuses(code: ErrorCode, ...asked: Parameters<typeof does>): Case {
  return { ...does(...asked), code };
}
