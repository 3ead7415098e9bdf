import { type OptionNames, requireKnownOptions } from '../options.ts';
import type { Delegation } from '../ucan/token/delegation.ts';
import type { Signer } from '../ucan/token/signer.ts';
import { Client } from './client.ts';
import { type Expectation, learnAuthority } from './learn-authority.ts';
import type { LogMemory } from './log-memory.ts';
import { parseServerAddress } from './server-address.ts';
import { Transport } from './transport.ts';

/** Which server, and whose it must be. */
export interface ServerOptions extends Expectation {
  /** `https://HOST[:PORT]`, or `http://` on this machine. */
  readonly server: string;
  /** Allows plain http to other machines. */
  readonly insecure?: boolean | undefined;
  /** Milliseconds that one attempt may take; default: 30,000. */
  readonly timeout?: number | undefined;
  /** What was seen of logs; without one nothing was, and nothing is remembered. */
  readonly logs?: LogMemory | undefined;
}

/** A server, and who asks there. */
export interface ConnectOptions extends ServerOptions {
  readonly signer: Signer;
  /** Delegations that lead to the signer. */
  readonly proofs?: readonly Delegation[];
}

/** The names of all options. */
export const connectOptionNames: OptionNames<ConnectOptions> = {
  server: true,
  insecure: true,
  timeout: true,
  authority: true,
  pins: true,
  logs: true,
  signer: true,
  proofs: true,
};

/**
 * Connects to a server as the holder of a key, after it was found out whose server that is.
 *
 * @throws HanaperError `usage` for an invalid address, `authority_changed`, `unavailable`
 * @example
 * const client = await connect({ server: 'https://hanaper.example', signer: await signerOf(key), proofs, authority });
 * const signed = await client.executeFor('acme', signPackage, { hash, name: 'plugin.wasm', key: 'release' });
 */
export async function connect(options: ConnectOptions): Promise<Client> {
  requireKnownOptions('connect', options, connectOptionNames);
  const { signer, proofs = [], logs } = options;
  const transport = openTransport(options);
  return new Client({ transport, authority: await learnAuthority(transport, options), signer, proofs, logs });
}

/** What speaks to a server. */
export function openTransport({ server, insecure, timeout }: ServerOptions): Transport {
  const { origin } = parseServerAddress(server, insecure);
  return new Transport({ origin, timeout });
}
