/**
 * A client of a Hanaper server: runs wherever there is `fetch`.
 *
 * @example
 * import { connect } from 'hanaper/client';
 *
 * const client = await connect({ server: 'https://hanaper.example', signer, proofs, authority });
 * await client.invoke({ command: '/package/sign', subject: acme, args: { hash, name, key: 'release' }, access: 'write' });
 */
export type { ClientAnswer } from './answer.ts';
export { type Asking, Client, type SignedRequest } from './client.ts';
export type { RemoteCommand } from './command.ts';
export { type ConnectOptions, connect, type ServerOptions } from './connect.ts';
export type { Expectation, Pins } from './learn-authority.ts';
export type { LogMemory, SeenLog } from './log-memory.ts';
export { type UnlockedDocument, type UnlockOptions, unlockServer } from './unlock.ts';
