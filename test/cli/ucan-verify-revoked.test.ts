import { beforeAll, describe, expect, inject, test } from 'vitest';
import { type Delegation, type Invocation, signRevocation } from '../../src/ucan/index.ts';
import { type Cli, createCli, createInitialized, writeTokens } from '../support/cli.ts';
import { engines } from '../support/engines.ts';
import { cidOf, type HasBytes, twinOf } from '../support/tokens.ts';
import { delegate, invoke, type Principal, principal, principals, resign } from '../support/ucan.ts';

const [alice, bob, carol, dave] = (await principals('alice', 'bob', 'carol', 'dave')) as [
  Principal,
  Principal,
  Principal,
  Principal,
];
const soon = Math.floor(Date.now() / 1000) + 3600;

let root: Delegation;
let leaf: Delegation;
let invocation: Invocation;

beforeAll(async () => {
  root = await delegate(alice, bob, { command: '/package' });
  leaf = await delegate(bob, carol, { subject: alice.did, command: '/package' });
  invocation = await invoke(carol, alice, [root, leaf], { expiration: soon });
});

describe('ucan verify with given revocations', () => {
  let cli: Cli;

  beforeAll(async () => {
    cli = await createCli();
    await writeTokens(cli, 'request.ucan', [invocation, root, leaf]);
    await writeTokens(cli, 'leaf.ucan', [leaf]);
    await writeTokens(cli, 'root.ucan', [root]);
  });

  const given = (...revocations: readonly HasBytes[]) => writeTokens(cli, 'revocations.ucan', revocations);
  const withProof = async (file: string, ...revocations: readonly HasBytes[]) => [
    'ucan',
    'verify',
    file,
    '--proof',
    await given(...revocations),
  ];

  test('refuses a chain of which any link was revoked by its issuer or by one above it', async () => {
    for (const [revoker, target] of [
      [alice, root],
      [bob, leaf],
      [alice, leaf],
    ] as const) {
      const revocation = await signRevocation(revoker, { target: target.cid });
      const { details } = await cli.refusesBoth('token_revoked', ...(await withProof('request.ucan', revocation)));
      expect(details).toMatchObject({ cid: cidOf(target), revoked_by: revoker.did });
    }
    const inside = await signRevocation(bob, { target: leaf.cid });
    await writeTokens(cli, 'all.ucan', [invocation, root, leaf, inside]);
    await cli.refuses('token_revoked', 'ucan', 'verify', 'all.ucan');
  });

  test('is not moved by a revocation from below, from a stranger, or of another token', async () => {
    const idle = [
      await signRevocation(carol, { target: root.cid }),
      await signRevocation(bob, { target: root.cid }),
      await signRevocation(carol, { target: leaf.cid }),
      await signRevocation(dave, { target: leaf.cid }),
      await signRevocation(alice, { target: invocation.cid }),
    ];
    for (const revocation of idle) {
      expect(await cli.done(...(await withProof('request.ucan', revocation)))).toMatchObject({ valid: true });
    }
    await cli.done(...(await withProof('request.ucan', ...idle)));
    const real = await signRevocation(alice, { target: leaf.cid });
    await cli.refuses('token_revoked', ...(await withProof('request.ucan', ...idle, real)));
  });

  test('reports the invocation, and not the revocation beside it', async () => {
    const idle = await signRevocation(dave, { target: leaf.cid });
    const said = await cli.says(...(await withProof('request.ucan', idle)));
    expect(said).toContain(carol.did);
    expect(said).not.toContain('/ucan/revoke');
    const alone = await cli.says(...(await withProof('leaf.ucan', idle)));
    expect(alone).not.toContain('the invocation is authorised');
    expect(alone).not.toContain('/ucan/revoke');
  });

  test('does not believe a revocation that its issuer did not sign', async () => {
    const revocation = await signRevocation(alice, { target: leaf.cid });
    const forged = { bytes: resign(revocation, new Uint8Array(64).fill(1)) };
    expect(await cli.done(...(await withProof('request.ucan', forged)))).toMatchObject({ valid: true });
  });

  test('counts for the twin of an ECDSA token too', async () => {
    const dora = await principal('dora', 'p256');
    const proof = await delegate(dora, carol, { command: '/package' });
    const twin = { bytes: twinOf(proof) };
    const revocation = await signRevocation(dora, { target: proof.cid });
    await writeTokens(cli, 'twin.ucan', [twin]);
    await cli.done('ucan', 'verify', 'twin.ucan');
    await cli.refuses('token_revoked', ...(await withProof('twin.ucan', revocation)));
  });

  test('of delegations by themselves refuses what expired, what is forged, and what was revoked, by those above too', async () => {
    expect(await cli.done('ucan', 'verify', 'leaf.ucan')).toMatchObject({ valid: true, revocations: 'no database' });
    await writeTokens(cli, 'both.ucan', [root, leaf]);
    await cli.done('ucan', 'verify', 'both.ucan', '--explain');
    await writeTokens(cli, 'old.ucan', [await delegate(alice, bob, { expiration: 1 })]);
    await cli.refusesBoth('token_expired', 'ucan', 'verify', 'old.ucan');
    await cli.done('ucan', 'verify', 'old.ucan', '--at', '1970-01-01T00:00:01Z');
    await writeTokens(cli, 'early.ucan', [await delegate(alice, bob, { notBefore: soon })]);
    await cli.refuses('token_not_yet_valid', 'ucan', 'verify', 'early.ucan');
    cli.write('forged', resign(leaf, new Uint8Array(64).fill(1)));
    await cli.refusesBoth('invalid_token_signature', 'ucan', 'verify', 'forged');
    await cli.refuses(
      'token_revoked',
      ...(await withProof('leaf.ucan', await signRevocation(bob, { target: leaf.cid }))),
    );
    const above = await signRevocation(alice, { target: leaf.cid });
    await cli.done(...(await withProof('leaf.ucan', above)));
    await cli.refuses('token_revoked', ...(await withProof('leaf.ucan', above)), '--proof', 'root.ucan');
    await cli.done('ucan', 'verify', 'leaf.ucan', '--proof', 'old.ucan');
  });

  test('of a revocation says whether that is valid, with its target beside it too', async () => {
    await writeTokens(cli, 'revocation.ucan', [await signRevocation(alice, { target: root.cid })]);
    expect(await cli.says('ucan', 'verify', 'revocation.ucan')).toContain('/ucan/revoke');
    await writeTokens(cli, 'beside.ucan', [await signRevocation(alice, { target: root.cid }), root]);
    expect(await cli.says('ucan', 'verify', 'beside.ucan')).toContain('/ucan/revoke');
    await cli.refuses('token_revoked', 'ucan', 'verify', 'root.ucan', '--proof', 'beside.ucan');
    const unproven = await signRevocation(bob, { target: root.cid, subject: alice.did });
    await writeTokens(cli, 'unproven.ucan', [unproven]);
    await cli.refuses('invalid_claim', 'ucan', 'verify', 'unproven.ucan');
  });
});

describe.each(engines)('ucan verify with a database: $name', (engine) => {
  let cli: Cli;

  beforeAll(async () => {
    cli = await createInitialized(await engine.createUrl());
    await writeTokens(cli, 'request.ucan', [invocation]);
    await writeTokens(cli, 'chain.ucan', [root, leaf]);
  });

  test('takes the proofs that are stored there, and names it, without its password', async () => {
    await cli.refuses('proof_unavailable', 'ucan', 'verify', 'request.ucan');
    await cli.done('ucan', 'import', 'chain.ucan');
    const locked = cli.with({ env: { HANAPER_RAW_KEY_FILE: '' } });
    const { revocations } = await locked.done<{ revocations: string }>('ucan', 'verify', 'request.ucan');
    expect(revocations).toContain(engine.name);
    const { password } = new URL(inject('postgresUrl'));
    if (password !== '') expect(revocations).not.toContain(password);
    expect(await cli.says('ucan', 'verify', 'request.ucan')).toContain(revocations);
  });

  test('refuses what was revoked there, as a chain and by itself, and accepts it elsewhere', async () => {
    await writeTokens(cli, 'revocation.ucan', [
      await signRevocation(alice, { target: leaf.cid, path: [root.cid, leaf.cid] }),
    ]);
    await cli.done('ucan', 'import', 'revocation.ucan');
    const whole = await writeTokens(cli, 'whole.ucan', [invocation, root, leaf]);
    for (const file of ['request.ucan', whole, await writeTokens(cli, 'leaf.ucan', [leaf])]) {
      const { details } = await cli.refusesBoth('token_revoked', 'ucan', 'verify', file);
      expect(details).toMatchObject({ cid: cidOf(leaf), revoked_by: alice.did });
    }
    await cli.with({ env: { HANAPER_DB: '' } }).done('ucan', 'verify', whole);
    const { stdout } = await cli.run('ucan', 'verify', whole, '--explain');
    expect(stdout).toMatch(/✗ revocation .*\(token_revoked\)/);
  });

  test('needs the one that is named: by option, environment, or configuration', async () => {
    const whole = await writeTokens(cli, 'whole.ucan', [invocation, root, leaf]);
    await cli.refusesBoth('not_initialized', 'ucan', 'verify', whole, '--db', 'sqlite:missing.db');
    const elsewhere = cli.with({ env: { HANAPER_DB: 'sqlite:missing.db' } });
    await elsewhere.refuses('not_initialized', 'ucan', 'verify', whole);
    cli.write('config.json', JSON.stringify({ db: `sqlite:${cli.path('missing.db')}` }));
    const configured = cli.with({ env: { HANAPER_DB: '', HANAPER_CONFIG: cli.path('config.json') } });
    await configured.refuses('not_initialized', 'ucan', 'verify', whole);
    expect(cli.has('missing.db')).toBe(false);
  });
});
