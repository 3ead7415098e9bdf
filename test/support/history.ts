/** A database with a history: every act that writes, under several checkpoints. Nothing here needs Vitest. */
import { type Authority, openAuthority } from '../../src/authority/index.ts';
import { acts } from '../authority/acts.ts';
import { type Door, openDoor } from './door.ts';

/**
 * Has every kind of act done once in a new database, with checkpoints among them, but those of the commands in `without`.
 * Returns the authority's DID.
 */
export async function writeHistory(url: string, without: readonly string[] = []): Promise<string> {
  const door = await openDoor(url);
  for (const [at, act] of acts.filter(({ command }) => !without.includes(command)).entries()) {
    await perform(door, act);
    if (at % 5 === 0) await door.authority.checkpoint();
  }
  await door.authority.checkpoint();
  await door.authority.close();
  return door.authority.identity.did;
}

/** Opens a database, locked, does something, and closes it. */
export async function withAuthority<Result>(
  url: string,
  act: (authority: Authority) => Promise<Result>,
): Promise<Result> {
  await using authority = await openAuthority({ database: url });
  return await act(authority);
}

async function perform(door: Door, { prepare, run }: (typeof acts)[number]): Promise<void> {
  await run(door, await prepare?.(door));
}
