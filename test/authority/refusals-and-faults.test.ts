import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findCommand } from '../../src/authority/commands/list.ts';
import { type Answer, execute } from '../../src/authority/execution/execute.ts';
import type { Request } from '../../src/authority/execution/request.ts';
import { resultOf } from '../../src/authority/execution/result-of.ts';
import { createKey } from '../../src/authority/index.ts';
import type { AnyCommand } from '../../src/authority/schemas/command.ts';
import { HanaperError } from '../../src/errors.ts';
import { formatCid } from '../../src/ucan/index.ts';
import { byRawKey, query, queryOne } from '../support/authority.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import { ask, askBy, type Door, openDoor, openUnlockedBeside, pack, send } from '../support/door.ts';
import { engines } from '../support/engines.ts';
import { dumpTables } from '../support/tables.ts';
import { delegate, principal } from '../support/ucan.ts';
import { flipBit } from '../support/vectors.ts';

describe.each(engines)('$name', (engine) => {
  let door: Door;

  beforeEach(async () => {
    door = await openDoor(await engine.createUrl());
  });

  afterEach(() => door.authority.close());

  const signWith = (key: string) => ask(door, { args: { hash: 'ab'.repeat(32), name: 'plugin.wasm', key } });
  const readEntries = async () => Number((await queryOne(door.url, 'select size from log_head'))['size']);
  const readGeneration = async () =>
    Number((await queryOne(door.url, 'select generation from log_head'))['generation']);

  describe('what the handler refuses', () => {
    test('is a receipt with the code and the message, and an event with all of it', async () => {
      const request = await signWith('nobody');
      const answer = await send(door, request);
      if (answer.kind !== 'receipt') throw new TypeError('there is no receipt');
      const { message, details } = await expectCode('not_found', () => resultOf(answer));
      expect(details).toEqual({ kind: 'signing key', name: 'nobody', remedy: 'list_signing_keys' });
      expect(answer.receipt.out).toEqual({ error: { code: 'not_found', message } });
      const { invocation } = request;
      expect(door.events).toMatchObject([
        {
          name: 'package.sign.failure',
          reason: 'not_found',
          details: {
            command: '/package/sign',
            invocation: formatCid(invocation.cid),
            invoker: door.ci.did,
            subject: door.acme.did,
            key: 'nobody',
          },
        },
      ]);
    });

    test('is consumed: the same again is refused for the same reason, though it now could be done', async () => {
      const request = await signWith('later');
      const first = await send(door, request);
      await door.authority.executeFor('acme', createKey, { name: 'later' });
      const again = await send(door, request);
      expect(again).toMatchObject({ kind: 'receipt', isReplay: true });
      expect([first, again].map((each) => each.kind === 'receipt' && each.receipt.out)).toEqual([
        { error: { code: 'not_found', message: expect.stringContaining('later') } },
        { error: { code: 'not_found', message: expect.stringContaining('later') } },
      ]);
      await expectCode('not_found', () => resultOf(again));
      expect(resultOf(await send(door, await signWith('later')))).toMatchObject({ key: 'later' });
    });

    test('leaves no effect, whatever the handler had done by then', async () => {
      await send(door, await signWith('nobody'));
      const [entries, generation] = [await readEntries(), await readGeneration()];
      const before = await dumpTables(door.url);
      const command = {
        ...commandOf('/key/create'),
        run: async (...about: Parameters<AnyCommand['run']>) => {
          await commandOf('/key/create').run(...about);
          throw new HanaperError('bad_input', 'Not this one.');
        },
      };
      const request = await askBy(door, { command: '/key' }, { command: '/key/create', args: { name: 'undone' } });
      const answer = await execute(door.authority, command, request);
      await expectCode('bad_input', () => resultOf(answer));
      const after = await dumpTables(door.url);
      for (const [table, rows] of Object.entries(before)) {
        if (!['ucan_invocations', 'ucan_proofs', 'kept_amounts', 'log_entries', 'log_head'].includes(table))
          expect(after[table]).toEqual(rows);
      }
      expect(after['ucan_invocations']).toHaveLength((before['ucan_invocations']?.length ?? 0) + 2);
      expect([await readEntries(), await readGeneration()]).toEqual([entries + 1, generation]);
      expect(door.events.map(({ name }) => name)).not.toContain('key.signing.created');
    });

    test('does not touch what is done in the same moment', async () => {
      const keys = ['release', 'nobody', 'release', 'nobody', 'release'];
      const requests = await Promise.all(keys.map(signWith));
      const answers = await Promise.all(requests.map((request) => door.authority.executeRequest(request)));
      expect(answers.map((answer) => answer.kind === 'receipt' && 'ok' in answer.receipt.out)).toEqual(
        keys.map((key) => key === 'release'),
      );
    });
  });

  describe('a fault leaves nothing, and the same can be asked for again:', () => {
    async function expectNothing(code: Parameters<typeof expectCode>[0], act: () => Promise<unknown>): Promise<void> {
      const before = await dumpTables(door.url);
      door.events.length = 0;
      await expectCode(code, act);
      expect(await dumpTables(door.url)).toEqual(before);
      expect(door.events).toMatchObject([{ name: expect.stringMatching(/fail/), reason: code }]);
    }

    const expectDone = async (request: Request) =>
      expect(await send(door, request)).toMatchObject({ kind: 'receipt', isReplay: false });

    test('the database is locked', async () => {
      const request = await ask(door);
      door.authority.lock();
      await expectNothing('locked', () => send(door, request));
      await door.authority.unlock(byRawKey(1));
      await expectDone(request);
    });

    test('it is locked after the authorisation, before or while the handler runs', async () => {
      for (const when of ['before', 'after'] as const) {
        const eve = await principal(`${when} the handler`);
        const request = await ask(door, { by: eve, with: [await delegate(door.acme, eve)] });
        const before = await dumpTables(door.url);
        await expectCode('locked', () => execute(door.authority, lockingCommand(when), request));
        expect(await dumpTables(door.url)).toEqual(before);
        await door.authority.unlock(byRawKey(1));
        await expectDone(request);
        const { did } = eve;
        const sql = `select d.did as did from ucan_invocations i join did_documents d on d.id = i.did_id where i.iss = $1`;
        expect(await query(door.url, sql, [did])).toEqual([{ did }]);
      }
    });

    test('the sealed key was altered', async () => {
      const [row] = await query(door.url, 'select encrypted_private_key as sealed from signing_keys');
      const sealed = new Uint8Array(row?.['sealed'] as Uint8Array);
      const write = (bytes: Uint8Array) =>
        query(door.url, 'update signing_keys set encrypted_private_key = $1', [Buffer.from(bytes)]);
      await write(flipBit(sealed, 200));
      const request = await ask(door);
      await expectNothing('log_tampered', () => send(door, request));
      await write(sealed);
      await using fresh = await openUnlockedBeside(door);
      expect(await fresh.executeContainer(await pack(request))).toMatchObject({ isReplay: false });
    });

    test.each<[string, () => Error]>([
      ['what holds the database is not reachable', () => new HanaperError('unavailable', 'The disk is full.')],
      ['the program made a mistake', () => new TypeError('undefined is no function')],
    ])('%s, once the handler has written', async (_, makeError) => {
      const error = makeError();
      const request = await askBy(door, { command: '/key' }, { command: '/key/create', args: { name: 'anew' } });
      const before = await dumpTables(door.url);
      expect(await failureOf(() => execute(door.authority, breaking('/key/create', error), request))).toBe(error);
      expect(await dumpTables(door.url)).toEqual(before);
      expect(door.events.map(({ name }) => name)).not.toContain('key.signing.created');
      expect(resultOf(await send(door, request))).toMatchObject({ name: 'anew' });
    });

    test('those that came in the same moment are done', async () => {
      const requests = await Promise.all(Array.from({ length: 5 }, () => ask(door)));
      const error = new TypeError('on purpose');
      const outcomes = await Promise.allSettled<Answer>(
        requests.map((request, index) =>
          execute(door.authority, index === 2 ? breaking('/package/sign', error) : commandOf('/package/sign'), request),
        ),
      );
      expect(outcomes.map(({ status }) => status)).toEqual([2, 2, 0, 2, 2].map((x) => (x ? 'fulfilled' : 'rejected')));
      for (const request of requests) {
        expect(await send(door, request)).toMatchObject({ isReplay: request !== requests[2] });
      }
    });

    test('the connection is lost', async () => {
      if (engine.name === 'sqlite') return;
      const request = await ask(door);
      const command = commandOf('/package/sign');
      const losing = {
        ...command,
        run: async (...about: Parameters<AnyCommand['run']>) => {
          await query(
            door.url,
            `select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()`,
          );
          return command.run(...about);
        },
      };
      await expectNothing('unavailable', () => execute(door.authority, losing, request));
      await expectDone(request);
    });
  });

  function lockingCommand(when: 'before' | 'after'): AnyCommand {
    const command = commandOf('/package/sign');
    return {
      ...command,
      run: async (...about) => {
        if (when === 'before') door.authority.lock();
        const result = await command.run(...about);
        door.authority.lock();
        return result;
      },
    };
  }
});

function commandOf(name: string): AnyCommand {
  const command = findCommand(name);
  if (command) return command;
  throw new TypeError(`there is no command ${name}`);
}

/** A command that fails once it is done. */
function breaking(name: string, error: Error): AnyCommand {
  const command = commandOf(name);
  return {
    ...command,
    run: async (...about) => {
      await command.run(...about);
      throw error;
    },
  };
}
