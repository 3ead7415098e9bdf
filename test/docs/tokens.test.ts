import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/crypto/secret.ts';
import { PrivateKey } from '../../src/did/private-key.ts';
import type { SigningKeyType } from '../../src/did/public-key.ts';
import {
  containerEncodings,
  type Delegation,
  decodeContainer,
  decodeDelegation,
  decodeInvocation,
  decodeToken,
  decodeVarsig,
  encodeContainer,
  encodeVarsig,
  findPolicyFailure,
  formatCid,
  fromJsonValue,
  type Invocation,
  ipldMap,
  limits,
  parsePolicy,
  proofsFrom,
  type Signer,
  signDelegation,
  signEnvelope,
  signerOf,
  signInvocation,
  signRevocation,
  taskCidOf,
  toIpldMap,
  validateInvocation,
} from '../../src/ucan/index.ts';
import { countUp, fromHex, toHex } from '../support/vectors.ts';
import { readSection, readTable } from './pages.ts';
import { readSource } from './source-text.ts';

const page = 'docs/formats/tokens.md';

function identityOf(firstByte: number): Promise<Signer> {
  return signerOf(new PrivateKey('ed25519', Secret.copyOf(countUp(32, firstByte))));
}

const organisation = await identityOf(0x20);
const job = await identityOf(0x60);

test('the bounds are those of the code', () => {
  const rows = readTable(page, '## Bounds').map(([name = '', bound = '']) => [name, Number(bound.replaceAll(',', ''))]);
  expect(Object.fromEntries(rows)).toEqual(limits);
  expect(rows.map(([name]) => name)).toEqual(Object.keys(limits));
});

test('the headers of keys that only verify are those of the code', () => {
  for (const [key = '', header = '', signature = ''] of readTable(page, '## Keys that only verify')) {
    const [keyType, rsa] = key.split(' of ');
    const rsaBytes = rsa === undefined ? undefined : Number.parseInt(rsa, 10) / 8;
    expect(decodeVarsig(fromHex(header))).toEqual({ keyType, version: 1, ...(rsaBytes && { rsaBytes }) });
    if (rsaBytes) expect(signature).toContain(`${rsaBytes} bytes`);
  }
});

test('the signature headers are those of the code', () => {
  const rows = readTable(page, '## Signature headers');
  expect(rows.map(([key]) => key)).toEqual(['ed25519', 'p256', 'secp256k1']);
  for (const [key, header = ''] of rows) {
    expect(toHex(encodeVarsig(key as SigningKeyType))).toBe(header);
    expect(decodeVarsig(fromHex(header))).toEqual({ keyType: key, version: 1 });
  }
  const [, old = ''] = /under `(34[0-9a-f]+)`/.exec(readSection(page, '## Signature headers')) ?? [];
  expect(decodeVarsig(fromHex(old))).toEqual({ keyType: 'ed25519', version: 0 });
});

test('the tags are those that are read', () => {
  const rows = readTable(page, '## The envelope');
  const tags = readSource('src/ucan/token/envelope.ts').match(/^ {2}'ucan\/.+(?=': \{)/gm);
  expect(rows.map(([tag]) => `  '${tag}`)).toEqual(tags);
  for (const [tag = '', what = '', version] of rows) {
    expect(tag).toBe(`ucan/${what.endsWith('delegation') ? 'dlg' : 'inv'}@${version}`);
  }
});

describe.each([
  ['## Delegations', 'delegation', 'src/ucan/token/delegation.ts'],
  ['## Invocations', 'invocation', 'src/ucan/token/invocation.ts'],
] as const)('the fields under "%s"', (heading, kind, source) => {
  const rows = readTable(page, heading);

  test('are those of the code', () => {
    const namesIn = (list: string) =>
      new RegExp(`const ${list} = \\[(.+)\\];`).exec(readSource(source))?.[1]?.match(/\w+/g)?.toSorted();
    const named = (must: string) => rows.filter(([, , each]) => each === must).map(([field = '']) => field);
    expect(named('yes').toSorted()).toEqual(namesIn('required'));
    expect(named('no').toSorted()).toEqual(namesIn('optional'));
  });

  test('must be there where it is said', async () => {
    const fields: Readonly<Record<string, string | null | Uint8Array | readonly never[] | ReturnType<typeof ipldMap>>> =
      {
        ...{ iss: job.did, sub: job.did, aud: job.did, cmd: '/', pol: [], nonce: countUp(12), exp: null },
        ...{ args: ipldMap([]), prf: [] },
      };
    const present = rows.filter(([field = '']) => field in fields);
    for (const [field = '', , must] of present) {
      const payload = ipldMap(present.flatMap(([name = '']) => (name === field ? [] : [[name, fields[name] ?? null]])));
      const token = await signEnvelope({ kind }, payload, job);
      if (must === 'yes') expect(() => decodeToken(token), field).toThrow(/missing/);
      else expect(() => decodeToken(token), field).not.toThrow();
    }
  });
});

describe('policies', () => {
  test('have the operators that are listed, and no other', () => {
    const [, arities = ''] = /const arities: [^{]+\{([^}]+)\}/.exec(readSource('src/ucan/policy/policy.ts')) ?? [];
    const known = [...arities.matchAll(/^ {2}'?([^':\s]+)'?: (\d)/gm)].map(([, op = '', count]) => [op, Number(count)]);
    const rows = readTable(page, '## Policies').filter(([, form = '']) =>
      /^\["[^"]+", (selector|statement|\[statement)/.test(form),
    );
    const listed = rows.map(([op = '', form = '']) => [
      op,
      form.replace('[statement, …]', 'list').split(', ').length - 1,
    ]);
    expect(known.length).toBeGreaterThan(5);
    expect(listed.toSorted()).toEqual(known.toSorted());
  });

  const examples = readTable(page, '### It fails closed');
  test.each(examples)('%s with %s: %s, %s', (policy = '', args = '', strict = '', specified = '') => {
    const parsed = parsePolicy(fromJsonValue(JSON.parse(policy)));
    const [refused, plain] = (['refuse', 'null'] as const).map((missing) =>
      findPolicyFailure(parsed, toIpldMap(JSON.parse(args)), { missing }),
    );
    expect([refused?.reason ?? 'holds', plain?.reason ?? 'holds']).toEqual([strict, specified]);
  });

  test('are shown with every result but the one that takes millions of steps', () => {
    expect(new Set(examples.map(([, , result]) => result))).toEqual(new Set(['holds', 'false', 'unresolved']));
  });
});

test('the encodings of a container are those of the code, with their first bytes', async () => {
  const rows = readTable(page, '## Containers');
  expect(rows.map(([, , encoding]) => encoding)).toEqual(containerEncodings);
  for (const [index, encoding] of containerEncodings.entries()) {
    const [mark = 0] = await encodeContainer([], encoding);
    const [hex, character] = rows[index] ?? [];
    expect([toHex(Uint8Array.of(mark)), String.fromCharCode(mark)]).toEqual([hex, character]);
  }
});

describe('the worked example', () => {
  const texts = [...readSection(page, '## Worked example').matchAll(/^```text\n([\s\S]*?)\n```$/gm)].map(
    ([, text = '']) => text,
  );
  const [organisationDid, jobDid, signed = '', signature = '', cids = ''] = texts;
  const [invoked = '', invokedSignature = '', invokedCids = '', container = '', revocation] = texts.slice(5);
  const joined = (text: string) => text.replaceAll('\n', '');

  async function makeTokens(): Promise<{ delegation: Delegation; invocation: Invocation }> {
    const delegation = await signDelegation(organisation, {
      audience: job.did,
      subject: organisation.did,
      command: '/package/sign',
      policy: [['==', '.name', 'package.bin']],
      expiration: 1_777_636_800,
      nonce: countUp(12, 0xc0),
    });
    const [, hash = ''] =
      [...readSection('docs/formats/package-signature.md', '## Worked example').matchAll(/^(\w{64})$/gm)][0] ?? [];
    const invocation = await signInvocation(job, {
      subject: organisation.did,
      command: '/package/sign',
      args: { name: 'package.bin', hash, key: 'release' },
      proofs: [delegation.cid],
      issuedAt: Date.parse('2026-01-31T12:00:00Z') / 1000,
      expiration: Date.parse('2026-01-31T12:05:00Z') / 1000,
      nonce: countUp(12, 0xd0),
    });
    return { delegation, invocation };
  }

  test('is what the sources make', async () => {
    const { delegation, invocation } = await makeTokens();
    expect([organisationDid, jobDid]).toEqual([organisation.did, job.did]);
    expect(joined(signed)).toBe(toHex(delegation.envelope.signed));
    expect(joined(signature)).toBe(toHex(delegation.envelope.signature));
    expect(toHex(delegation.bytes)).toBe(`825840${joined(signature)}${joined(signed)}`);
    expect(delegation.bytes.length).toBe(359);
    expect(delegation.expiration).toBe(Date.parse('2026-05-01T12:00:00Z') / 1000);
    expect(cids.split('\n')).toEqual([formatCid(delegation.cid), delegation.cid.toString()]);
    expect(joined(invoked)).toBe(toHex(invocation.envelope.signed));
    expect(invocation.envelope.signed.length).toBe(364);
    expect(joined(invokedSignature)).toBe(toHex(invocation.envelope.signature));
    expect(invokedCids.split('\n')).toEqual([formatCid(invocation.cid), formatCid(taskCidOf(invocation))]);
    const packed = await encodeContainer([invocation.bytes, delegation.bytes], 'base64url');
    expect(joined(container)).toBe(new TextDecoder().decode(packed));
    const revoked = await signRevocation(organisation, { target: delegation.cid });
    expect(revocation).toBe(formatCid(revoked.cid));
  });

  test('is a chain that is valid for its five minutes', async () => {
    const tokens = await decodeContainer(new TextEncoder().encode(joined(container)));
    const delegation = decodeDelegation(tokens[0] ?? new Uint8Array());
    const invocation = decodeInvocation(tokens[1] ?? new Uint8Array());
    const at = (time: string) => ({
      resolveProof: proofsFrom([delegation]),
      revocationsOf: () => [],
      now: Date.parse(time) / 1000,
    });
    const { subject, path } = await validateInvocation(invocation, at('2026-01-31T12:05:00Z'));
    expect([subject, path]).toEqual([organisation.did, [delegation]]);
    await expect(validateInvocation(invocation, at('2026-01-31T12:05:01Z'))).rejects.toMatchObject({
      code: 'token_expired',
    });
  });
});
