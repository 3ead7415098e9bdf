/** The ways to have a command executed: by the library, by its route, by an invocation, and by a verb, here or there. */
import { expect } from 'vitest';
import { resultOf } from '../../src/authority/execution/result-of.ts';
import { openSigner } from '../../src/authority/issue-delegation.ts';
import type { AnyCommand } from '../../src/authority/schemas/command.ts';
import { remedyOf } from '../../src/cli/remedies.ts';
import { type ErrorCode, HanaperError } from '../../src/errors.ts';
import { statuses } from '../../src/http/request/statuses.ts';
import { formatCid } from '../../src/ucan/index.ts';
import type { Case } from './case.ts';
import { writeFiles } from './cases.ts';
import { type Cli, createCli, expectRefusalDocument, type RefusalDocument, writeKey, writeTokens } from './cli.ts';
import type { TestEngine } from './engines.ts';
import { type Asking, createPlace, type Place } from './place.ts';
import { writeConfig } from './remote.ts';
import { type Answered, expectProblem } from './server.ts';
import { store } from './tokens.ts';
import { delegate, principal } from './ucan.ts';

/** What came of what was asked for. */
export type Outcome = { readonly result: unknown } | { readonly code: string; readonly message: string };

interface Asked extends Asking {
  readonly command: AnyCommand;
}

/** One way, over a database of its own: what comes of a case, steady; `undefined` where it cannot be asked so. */
export type Way = (asked: Case) => Promise<Outcome | undefined>;

/** The ways that take arguments. */
export async function openArgumentWays(engine: TestEngine): Promise<readonly Way[]> {
  return Promise.all([byLibrary, byRoute, byInvoke].map(async (ask) => throughArguments(await openPlace(engine), ask)));
}

// Power of acme reaches those who sign for themselves, so that they are heard from elsewhere too.
async function openPlace(engine: TestEngine): Promise<Place> {
  const place = await createPlace(engine);
  const acme = await openSigner(place.authority, { organisation: 'acme' });
  for (const name of ['issuer', 'audience']) {
    await store(place.authority, await delegate(acme, await principal(name), { command: '/mail' }));
  }
  return place;
}

function throughArguments(place: Place, ask: (place: Place, asked: Asked) => Promise<Outcome>): Way {
  const memory = new Map<string, unknown>();
  return async ({ command, args: makeArgs, more }) => {
    if (makeArgs === undefined) return undefined;
    const args = await makeArgs(place, ({ name }) => memory.get(name));
    const outcome = await ask(place, { command, args, ...more });
    if ('result' in outcome) {
      memory.set(command.name, outcome.result);
      expect(command.result.safeParse(outcome.result), command.name).toMatchObject({ success: true });
    }
    return steadyJson(outcome);
  };
}

async function byLibrary(place: Place, asked: Asked): Promise<Outcome> {
  const { authority } = place;
  const { command, args = {}, organisation = 'acme', given, signer } = asked;
  try {
    if (command.subject === 'organisation') {
      return { result: await authority.executeFor(organisation, command as never, args) };
    }
    if (signer === undefined) return { result: await authority.execute(command as never, args, given) };
    return { result: resultOf(await authority.executeRequest(await place.sign(asked))) };
  } catch (error) {
    if (error instanceof HanaperError) return { code: error.code, message: error.message };
    throw error;
  }
}

async function byRoute(place: Place, asked: Asked): Promise<Outcome> {
  const answered = await place.askPlainly(asked);
  expectReceipt(asked.command, answered);
  return answered.status === 200 ? { result: answered.json } : refusalOf(answered);
}

async function byInvoke(place: Place, asked: Asked): Promise<Outcome> {
  const signed = await place.sign(asked);
  const answered = await place.askByContainer(signed, { headers: { Accept: 'application/json' } });
  expectReceipt(asked.command, answered);
  if (answered.headers['content-type'] === 'application/problem+json') return refusalOf(answered);
  if (asked.command.access === 'read') return { result: answered.json['result'] };
  const { out, ran } = answered.json['receipt'] as {
    ran: string;
    out: { ok: unknown } | { error: { code: ErrorCode; message: string } };
  };
  expect(ran).toBe(formatCid(signed.invocation.cid));
  if ('ok' in out) return { result: out.ok };
  expect(answered.status).toBe(statuses[out.error.code]);
  return out.error;
}

function refusalOf(answered: Answered): Outcome {
  const code = answered.json['code'] as ErrorCode;
  expectProblem(code, answered, statuses[code]);
  return { code, message: String(answered.json['detail']) };
}

// Whatever was done has one; what was read, and what was never begun, has none.
function expectReceipt({ access }: AnyCommand, { status, headers }: Answered): void {
  if (access === 'read') expect(headers['hanaper-receipt']).toBeUndefined();
  else if (status === 200) expect(headers['hanaper-receipt']).toMatch(/^zdpu/);
  expect(headers['hanaper-replay']).toBeUndefined();
}

/** People with the files that the verbs name: one at a database, the other elsewhere, who reaches a server of another. */
export async function openVerbWays(engine: TestEngine): Promise<readonly [local: Cli, remote: Cli]> {
  const [here, there] = await Promise.all([openPlace(engine), openPlace(engine)]);
  const local = await createCli(here.database);
  local.write('raw-key', new Uint8Array(32).fill(1));
  const remote = await createCli();
  await Promise.all([writeFiles(local), writeFiles(remote), writeProfile(remote, there)]);
  return [
    local.with({ env: { HANAPER_PASSPHRASE_FILE: '', HANAPER_RAW_KEY_FILE: local.path('raw-key') } }),
    remote.with({ env: { HANAPER_PASSPHRASE_FILE: '', HANAPER_PROFILE: 'admin' } }),
  ];
}

async function writeProfile(cli: Cli, { authority, admin, server }: Place): Promise<void> {
  const signer = await openSigner(authority, 'authority');
  const powers = [await delegate(signer, admin), await delegate(signer, admin, { subject: null })];
  const proofs = [cli.path(await writeTokens(cli, 'powers.ucan', powers))];
  const as = cli.path(writeKey(cli, 'admin', admin));
  writeConfig(cli, { profiles: { admin: { server: server.url, as, proofs } } });
}

/** A verb that prints one document. */
export function throughVerb(cli: Cli): Way {
  return async ({ verb }) => {
    if (verb === undefined) return undefined;
    const finished = await cli.run('--json', ...verb.split(' '));
    expect(finished.stderr).toBe('');
    const document = JSON.parse(finished.stdout) as { readonly error?: RefusalDocument };
    if (document.error === undefined) {
      expect(finished.status).toBe(0);
      return steadyJson({ result: document });
    }
    const { code, message, details } = expectRefusalDocument(document.error.code as ErrorCode, finished);
    return steadyJson({ code, message: withoutRemedy(new HanaperError(code as ErrorCode, message, details)) });
  };
}

// The command line says what to type behind what the authority said: the same words wherever the authority is.
function withoutRemedy(error: HanaperError): string {
  const remedy = remedyOf(error);
  if (remedy === undefined) return error.message;
  expect(error.message.endsWith(` ${remedy}`), error.message).toBe(true);
  return error.message.slice(0, -remedy.length - 1);
}

// What is another each time, or in each database.
const changing: readonly (readonly [RegExp, string])[] = [
  [/did:key:z[1-9A-HJ-NP-Za-km-z]+/g, 'DID'],
  [/zdpu[1-9A-HJ-NP-Za-km-z]+/g, 'CID'],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID'],
  [/2[0-8]\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z/g, 'TIME'],
  [/[0-9a-f]{64}/g, 'HEX'],
  [/^[0-9a-f]{32}$/g, 'SALT'],
  [/[A-Za-z0-9+/_-]{60,}={0,2}/g, 'BASE64'],
];

// Where the log ends, by whichever way what came before was asked, and what is proven of it.
const places = ['effective_index', 'log_size', 'index', 'size', 'entries'];
const proofs = ['inclusion', 'consistency', 'checkpoint'];

/** A text without what is another each time. */
export function steady(text: string): string {
  return changing.reduce((before, [pattern, word]) => before.replace(pattern, word), text);
}

/** An outcome as JSON, without what is another each time. */
export function steadyJson(outcome: Outcome): Outcome {
  const revive = (key: string, each: unknown) => {
    if (typeof each === 'number' && places.includes(key)) return 'INDEX';
    if (proofs.includes(key)) return 'PROOF';
    return typeof each === 'string' ? steady(each) : each;
  };
  return JSON.parse(JSON.stringify(outcome), revive) as Outcome;
}
