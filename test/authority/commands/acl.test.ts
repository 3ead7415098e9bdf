import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  createKey,
  createOrganisation,
  grantAcl,
  listAcls,
  listTrust,
  revokeAcl,
  revokeKey,
  revokeTrust,
  showOrganisation,
} from '../../../src/authority/index.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { createAuthority } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';

const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe.each(engines)('$name', (engine) => {
  let authority: Authority;
  let events: HanaperEvent[];
  let parent: string;
  let child: string;
  let grandchild: string;
  let count = 0;

  beforeAll(async () => {
    ({ authority, events } = await createAuthority(await engine.createUrl()));
  });

  // Three organisations with one key each, named like its organisation.
  beforeEach(async () => {
    [parent, child, grandchild] = [await newOrganisation(), await newOrganisation(), await newOrganisation()];
    events.length = 0;
  });

  afterAll(() => authority.close());

  async function newOrganisation(): Promise<string> {
    count += 1;
    const { name } = await authority.execute(createOrganisation, { name: `org-${count}` });
    await authority.executeFor(name, createKey, { name: `key-of-${name}` });
    return name;
  }

  async function trusted(name: string): Promise<string[]> {
    const { keys } = await authority.trustFor({ organisation: name, packageHash: '00' });
    return [...keys.values()].map((key) => `${key.name}${key.via ? ` via ${key.via}` : ''}`);
  }

  const grant = (from: string, to: string) => authority.executeFor(from, grantAcl, { child: to });
  const revoke = (from: string, to: string) => authority.executeFor(from, revokeAcl, { child: to });

  test("a parent accepts the child's keys, and the child gains nothing", async () => {
    const granted = await grant(parent, child);
    expect(granted).toEqual({ parent, child, granted_at: expect.stringMatching(iso), revoked_at: null });
    expect(await trusted(parent)).toEqual([`key-of-${parent}`, `key-of-${child} via ${child}`]);
    expect(await trusted(child)).toEqual([`key-of-${child}`]);
    for (const name of [parent, child]) {
      expect((await authority.executeFor(name, listAcls, {})).acls).toEqual([granted]);
    }
    expect(events).toMatchObject([{ name: 'key.trust_acl.granted', details: { parent, child } }]);
  });

  test('what is inherited is listed after what is direct, with where it comes from', async () => {
    await grant(parent, child);
    expect((await authority.executeFor(parent, listTrust, {})).keys).toMatchObject([
      { name: `key-of-${parent}`, via: null },
      { name: `key-of-${child}`, via: child },
    ]);
  });

  test('it is one level, and never transitive', async () => {
    await grant(parent, child);
    await grant(child, grandchild);
    expect(await trusted(parent)).toEqual([`key-of-${parent}`, `key-of-${child} via ${child}`]);
    expect(await trusted(child)).toEqual([`key-of-${child}`, `key-of-${grandchild} via ${grandchild}`]);
    expect(await trusted(grandchild)).toEqual([`key-of-${grandchild}`]);
  });

  test('two organisations that accept each other gain what the other has, and no more', async () => {
    await grant(parent, child);
    await grant(child, parent);
    expect(await trusted(parent)).toEqual([`key-of-${parent}`, `key-of-${child} via ${child}`]);
    expect(await trusted(child)).toEqual([`key-of-${child}`, `key-of-${parent} via ${parent}`]);
  });

  test('children are taken by name, and a key that several contribute counts once', async () => {
    await grant(parent, grandchild);
    await grant(parent, child);
    expect(await trusted(parent)).toEqual([
      `key-of-${parent}`,
      `key-of-${child} via ${child}`,
      `key-of-${grandchild} via ${grandchild}`,
    ]);
  });

  test("a key that the child made, revoked or no longer trusts is the parent's at once", async () => {
    await grant(parent, child);
    await authority.executeFor(child, createKey, { name: 'second' });
    expect(await trusted(parent)).toContain(`second via ${child}`);
    await authority.executeFor(child, revokeKey, { name: 'second' });
    expect(await trusted(parent)).not.toContain(`second via ${child}`);
    const [key] = (await authority.executeFor(child, listTrust, {})).keys.filter(({ revoked_at }) => !revoked_at);
    await authority.executeFor(child, revokeTrust, { fingerprint: key?.fingerprint ?? '' });
    expect(await trusted(parent)).toEqual([`key-of-${parent}`]);
  });

  test('a revoked ACL counts for nothing, and an event reports it', async () => {
    await grant(parent, child);
    events.length = 0;
    const revoked = await revoke(parent, child);
    expect(revoked).toEqual({ parent, child, revoked_at: expect.stringMatching(iso) });
    expect(await trusted(parent)).toEqual([`key-of-${parent}`]);
    expect((await authority.executeFor(parent, listTrust, {})).keys).toHaveLength(1);
    expect(events).toMatchObject([{ name: 'key.trust_acl.revoked', details: { parent, child } }]);
  });

  test('an ACL that was revoked is granted anew, and its history stays', async () => {
    await grant(parent, child);
    const first = await revoke(parent, child);
    await expectCode('not_found', () => revoke(parent, child));
    await new Promise((resolve) => setTimeout(resolve, 2));
    await grant(parent, child);
    expect(await trusted(parent)).toContain(`key-of-${child} via ${child}`);
    const { acls } = await authority.executeFor(parent, listAcls, {});
    expect(acls.map(({ revoked_at }) => revoked_at)).toEqual([null, first.revoked_at]);
  });

  test('an ACL is revoked in its own direction alone', async () => {
    await grant(parent, child);
    await grant(child, parent);
    await revoke(parent, child);
    expect(await trusted(parent)).toEqual([`key-of-${parent}`]);
    expect(await trusted(child)).toEqual([`key-of-${child}`, `key-of-${parent} via ${parent}`]);
    await expectCode('not_found', () => revoke(parent, child));
  });

  test('the child is named by its name alone, so that a policy on it means one organisation', async () => {
    const { did, id } = await authority.executeFor(child, showOrganisation, {});
    for (const reference of [did, id, child.toUpperCase(), ` ${child}`]) {
      expect((await expectCode('bad_input', () => grant(parent, reference))).details).toEqual({ field: 'child' });
      expect((await expectCode('bad_input', () => revoke(parent, reference))).details).toEqual({ field: 'child' });
    }
    expect((await grant(parent, child)).child).toBe(child);
  });

  test('an ACL that is granted already is refused', async () => {
    await grant(parent, child);
    const error = await expectCode('already_trusted', () => grant(parent, child));
    expect(error.details).toEqual({ kind: 'trust ACL' });
    expect((await authority.executeFor(parent, listAcls, {})).acls).toHaveLength(1);
  });

  test('an organisation does not accept its own keys through an ACL', async () => {
    const error = await expectCode('bad_input', () => grant(parent, parent));
    expect(error.details).toEqual({ field: 'child' });
    expect((await authority.executeFor(parent, listAcls, {})).acls).toEqual([]);
  });

  test('what is not there is not found', async () => {
    for (const act of [() => grant(parent, 'nobody'), () => grant('nobody', child), () => revoke(parent, 'nobody')]) {
      expect((await expectCode('not_found', act)).details).toEqual({
        kind: 'organisation',
        remedy: 'list_organisations',
      });
    }
    expect((await expectCode('not_found', () => revoke(parent, child))).details).toEqual({ kind: 'trust ACL' });
  });
});
