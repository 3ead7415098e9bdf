import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HanaperError } from '../../../src/errors.ts';
import {
  cidsOf,
  type Delegation,
  decodeToken,
  explainInvocation,
  findChain,
  type Invocation,
  readReceipt,
  readRevocation,
  taskCidOf,
  toDagJson,
  validateInvocation,
  verifyToken,
} from '../../../src/ucan/index.ts';
import { Cbor, float, list, map, type Raw, unsortedMap } from '../../support/cbor.ts';
import { failureOf } from '../../support/codes.ts';
import { fuzzRuns } from '../../support/fuzz.ts';
import {
  contextOf,
  delegate,
  delegationFields,
  invocationFields,
  keyTypes,
  now,
  principal,
  type RawFields,
  signRaw,
} from '../../support/ucan.ts';

const numRuns = fuzzRuns(1500);
const people = await Promise.all(keyTypes.map((keyType) => principal('somebody', keyType)));
const dids = people.map(({ did }) => did);
const known = await Promise.all(people.map((issuer) => delegate(issuer, people[0] ?? issuer)));
const links = known.map(({ cid }) => cid);

const leaves: fc.Arbitrary<Raw> = fc.oneof(
  fc.constantFrom<Raw>(
    null,
    true,
    0,
    1,
    -1,
    now,
    now + 1,
    Number.MAX_SAFE_INTEGER,
    1.5,
    float(1),
    float(-0),
    float(1e300),
  ),
  fc.constantFrom<Raw>('', '/', '/a', '/a/b', '/A', '/ucan/revoke', '/ucan/assert/receipt', '.', '.a', '==', 'like'),
  fc.constantFrom<Raw>(...dids, `${dids[0]}#a`, 'did:web:example.com'),
  fc.constantFrom<Raw>(...links),
  fc.uint8Array({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  // Not what DAG-CBOR has.
  fc
    .constantFrom('f7', 'f93c00', 'fb7ff0000000000000', 'c100', '1b0020000000000000', '1817', '9fff')
    .map((hex) => new Cbor(Buffer.from(hex, 'hex'))),
);
const names = fc.constantFrom(
  'a',
  'b',
  'revoke',
  'path',
  'ran',
  'out',
  'ok',
  'error',
  'code',
  '__proto__',
  'constructor',
);
const { value: values } = fc.letrec<{ value: Raw }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 3, arbitrary: leaves },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4 }).map((items) => list(items)) },
    { weight: 1, arbitrary: fc.dictionary(names, tie('value'), { maxKeys: 4 }).map((entries) => map(entries)) },
    { weight: 1, arbitrary: fc.array(fc.tuple(names, tie('value')), { maxLength: 2 }).map((e) => unsortedMap(e)) },
  ),
}));
const fieldNames = [
  'iss',
  'aud',
  'sub',
  'cmd',
  'pol',
  'args',
  'prf',
  'nonce',
  'exp',
  'nbf',
  'iat',
  'meta',
  'cause',
  'x',
];
const changes = fc.dictionary(fc.constantFrom(...fieldNames), fc.option(values, { nil: undefined, freq: 8 }), {
  maxKeys: 3,
});
const plausible: fc.Arbitrary<Readonly<Record<string, Raw>>> = fc.record(
  {
    cmd: fc.constantFrom('/', '/a', '/a/b', '/ucan/revoke', '/ucan/assert/receipt'),
    args: fc.dictionary(names, values, { maxKeys: 3 }).map((entries) => map(entries)),
    prf: fc.array(fc.constantFrom(...links), { maxLength: 3 }),
    aud: fc.constantFrom(...dids),
    sub: fc.constantFrom(...dids, null),
    meta: fc.dictionary(names, leaves, { maxKeys: 3 }).map((entries) => map(entries)),
  },
  { requiredKeys: [] },
);

const tokens = fc
  .record({
    issuer: fc.nat(people.length - 1),
    kind: fc.constantFrom('dlg' as const, 'inv' as const),
    version: fc.constantFrom('1.0.0-rc.1', '1.0.0', '1.0.0', '2.0.0'),
    plausible,
    changes,
    signature: fc.option(fc.uint8Array({ minLength: 60, maxLength: 68 }), { nil: undefined, freq: 6 }),
  })
  .map(async ({ issuer, kind, version, plausible: likely, changes: odd, signature }) => {
    const signer = people[issuer] ?? (await principal('somebody'));
    const fields: RawFields =
      kind === 'dlg' ? delegationFields(signer.did, dids[0] ?? signer.did) : invocationFields(signer.did);
    const own = Object.fromEntries(
      Object.entries(likely).filter(([name]) => kind === 'inv' || !['args', 'prf'].includes(name)),
    );
    const tag = `ucan/${kind}@${version}`;
    return signRaw(signer, { ...fields, ...own, ...odd }, { tag, ...(signature && { signature }) });
  });

test('whatever the token, everything that is done with it succeeds or is refused by a code', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(tokens, async (made) => {
      const bytes = await made;
      const token = await tolerate(() => decodeToken(bytes), ['malformed_token']);
      if (token === undefined) return;
      accepted++;
      expect(token.bytes).toEqual(bytes);
      await tolerate(() => verifyToken(token), ['invalid_token_signature']);
      if (token.kind === 'delegation') await useDelegation(token);
      else await useInvocation(token);
    }),
    { numRuns },
  );
  // A run in which next to nothing is well-formed would prove nothing.
  expect(accepted).toBeGreaterThan(numRuns / 10);
});

async function useDelegation(token: Delegation): Promise<void> {
  expect(cidsOf(token)[0]).toBe(token.cid);
  toDagJson(token.policy.source);
  const candidates = [...known, token].map((delegation) => ({ delegation, revocations: [] }));
  const source = { delegationsTo: async () => candidates };
  const [invoker = '', subject = ''] = [token.audience, token.issuer];
  const wish = { invoker, subject, command: '/a', args: Object.create(null), now };
  await tolerate(() => findChain(wish, source), ['not_authorized']);
}

async function useInvocation(token: Invocation): Promise<void> {
  taskCidOf(token);
  toDagJson(token.args);
  await tolerate(() => readRevocation(token), ['malformed_token']);
  await tolerate(() => readReceipt(token), ['malformed_token']);
  const context = contextOf(known);
  const explanation = await explainInvocation(token, context);
  expect(await failureOf(() => validateInvocation(token, context))).toEqual(explanation.failure);
  if (explanation.failure) expect(explanation.failure).toBeInstanceOf(HanaperError);
}

async function tolerate<Result>(
  act: () => Result | Promise<Result>,
  codes: readonly string[],
): Promise<Result | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof HanaperError)) throw error;
    expect(codes).toContain(error.code);
    return undefined;
  }
}
