import { quote } from '../quote.ts';
import type { Playground } from './playground.ts';

/** Commands to copy, which work as long as the server runs. */
export interface CommandsToTry {
  /** Has the others find the server and its database, in one shell. */
  readonly setup: string;
  readonly sign: string;
  readonly verify: string;
  readonly curl: string;
  /** An address for a browser. */
  readonly docs: string;
}

/** The profile in {@link configFor}. */
const profile = 'dev';

/** The configuration file that the commands share: what they learn is remembered nowhere else. */
export function configFor({ database, authority, organisation, identity }: Playground, server: string): object {
  const { key_file: as, proof_file: proof } = identity;
  return {
    db: database,
    security: { verification_org: organisation.name, authority },
    profiles: { [profile]: { server, as, proofs: [proof], org: organisation.did, authority } },
  };
}

/** The commands for one server. */
export function listCommands(playground: Playground, server: string, configFile: string): CommandsToTry {
  const { folder, identity, organisation, key, package_file: file } = playground;
  const invoke = `hanaper ucan invoke --issuer ${quote(identity.key_file)} --proof ${quote(identity.proof_file)} --subject ${organisation.did} --command /key/list`;
  return {
    setup: `export HANAPER_CONFIG=${quote(configFile)} XDG_STATE_HOME=${quote(`${folder}/state`)}`,
    sign: `hanaper package sign ${quote(file)} --key ${key.name} --profile ${profile}`,
    verify: `hanaper package verify ${quote(file)}`,
    curl: `curl -sS -H "Authorization: Bearer $(${invoke})" ${server}/api/orgs/${organisation.name}/keys`,
    docs: `${server}/docs`,
  };
}
