import { showLogKey } from '../../authority/commands/log.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';

/** `hanaper log key`: the verifier key, alone on its line for people and for pipes. */
export async function showKey(session: Session): Promise<Outcome> {
  const caller = await session.openCaller('read');
  const document = await caller.execute(showLogKey, {});
  return { document, lines: [document.verifier_key] };
}
