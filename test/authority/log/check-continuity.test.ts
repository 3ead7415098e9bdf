import { describe, expect, test } from 'vitest';
import {
  changeCredential,
  createKey,
  type KnownLogs,
  openAuthority,
  type SeenCheckpoint,
} from '../../../src/authority/index.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { Child } from '../../store/children/child.ts';
import { byRawKey, costs, createAuthority, openUnlocked, query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines, keepCopy } from '../../support/engines.ts';
import { dumpTables } from '../../support/tables.ts';

const createScript = new URL('../children/create-and-wait.ts', import.meta.url);

/** A memory that anybody may look into. */
class Memory implements KnownLogs {
  seen: readonly SeenCheckpoint[] = [];

  list(authority: string): readonly SeenCheckpoint[] {
    return this.seen.filter((each) => each.authority === authority);
  }

  remember(latest: SeenCheckpoint): void {
    this.seen = [...this.seen.filter(({ source }) => source !== latest.source), latest];
  }

  /** As if it had been seen there. */
  at(source: string): Memory {
    const moved = new Memory();
    moved.seen = this.seen.map((each) => ({ ...each, source }));
    return moved;
  }
}

describe.each(engines)('$name', (engine) => {
  async function create(): Promise<string> {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.close();
    return url;
  }

  async function write(url: string, name: string, knownLogs: KnownLogs = new Memory()): Promise<void> {
    await using authority = await openUnlocked(url, { knownLogs }, byRawKey(1));
    await authority.executeFor('acme', createKey, { name });
  }

  /** A database with a key, as it was before another was made that `memory` knows of. */
  async function createOld(): Promise<{ url: string; memory: Memory; putBack: () => Promise<void> }> {
    const url = await create();
    await write(url, 'first');
    const putBack = await keepCopy(url);
    const memory = new Memory();
    await write(url, 'second', memory);
    return { url, memory, putBack };
  }

  async function expectRefused(url: string, knownLogs: KnownLogs, reason: string): Promise<void> {
    const before = await dumpTables(url);
    const error = await expectCode('log_rolled_back', () => openUnlocked(url, { knownLogs }, byRawKey(1)));
    expect(error.details).toMatchObject({ reason });
    await using locked = await openAuthority({ database: url, knownLogs });
    await expectCode('log_rolled_back', () => changeCredential(locked, byRawKey(1), byRawKey(2), costs));
    expect(locked.locked).toBe(true);
    expect(await dumpTables(url)).toEqual(before);
  }

  test('a log that was never seen is remembered, once what was written is under a checkpoint', async () => {
    const url = await create();
    const memory = new Memory();
    await write(url, 'first', memory);
    expect(memory.seen).toMatchObject([{ size: 2, checkpoint: expect.stringContaining('/1\n2\n') }]);
    await write(url, 'second', memory);
    expect(memory.seen).toMatchObject([{ size: 3 }]);
  });

  test('who unlocks and writes nothing remembers too', async () => {
    const url = await create();
    const memory = new Memory();
    await (await openUnlocked(url, { knownLogs: memory }, byRawKey(1))).close();
    expect(memory.seen).toMatchObject([{ size: 1 }]);
  });

  test('a change of the credential is remembered', async () => {
    const url = await create();
    const memory = new Memory();
    await using locked = await openAuthority({ database: url, knownLogs: memory });
    await changeCredential(locked, byRawKey(1), byRawKey(2), costs);
    expect(memory.seen).toMatchObject([{ size: 2 }]);
  });

  test('an old copy is not unlocked, nor its credential changed, and nothing is written', async () => {
    const { url, memory, putBack } = await createOld();
    await putBack();
    await expectRefused(url, memory, 'shorter');
  });

  test('the refusal is an event, and says where more was seen', async () => {
    const { url, memory, putBack } = await createOld();
    await putBack();
    const events: HanaperEvent[] = [];
    const observer = (event: HanaperEvent) => void events.push(event);
    const options = { knownLogs: memory.at('elsewhere'), observer };
    await expectCode('log_rolled_back', () => openUnlocked(url, options, byRawKey(1)));
    const details = { reason: 'shorter', seen: 3, now: 2, source: 'elsewhere' };
    expect(events).toMatchObject([{ name: 'log.refused', reason: 'log_rolled_back', details }]);
  });

  test('a copy that was written to since is refused, be it shorter, as long, or longer', async () => {
    const { url, memory, putBack } = await createOld();
    await putBack();
    await write(url, 'third');
    await expectRefused(url, memory, 'forked');
    await write(url, 'fourth');
    await expectRefused(url, memory, 'forked');
  });

  test('what was seen of the same authority at another place counts', async () => {
    const { url, memory, putBack } = await createOld();
    await write(url, 'third', memory.at('https://hanaper.example'));
    await putBack();
    await expectRefused(url, memory.at('https://hanaper.example'), 'shorter');
  });

  test('what was seen of another authority does not', async () => {
    const [one, other] = [await createOld(), await create()];
    await write(other, 'first', one.memory);
    expect(one.memory.seen).toHaveLength(2);
  });

  test('a log that lost its entries and kept its checkpoints is not unlocked', async () => {
    const { url, memory } = await createOld();
    await query(url, 'delete from log_effects where entry_index = 2');
    await query(url, 'delete from log_entries where entry_index = 2');
    await query(url, 'update log_head set size = 2');
    await expectCode('log_tampered', () => openUnlocked(url, { knownLogs: memory }, byRawKey(1)));
  });

  test('a log that lost all checkpoints is not unlocked', async () => {
    const { url, memory } = await createOld();
    await query(url, 'delete from checkpoints');
    const error = await expectCode('log_rolled_back', () => openUnlocked(url, { knownLogs: memory }, byRawKey(1)));
    expect(error.details).toMatchObject({ seen: 3, now: 0 });
  });

  test('what is remembered must be signed by the key of the log', async () => {
    const { url, memory } = await createOld();
    memory.seen = memory.seen.map((each) => ({ ...each, checkpoint: `x${each.checkpoint}` }));
    await expectCode('log_tampered', () => openUnlocked(url, { knownLogs: memory }, byRawKey(1)));
  });

  describe('a copy that was made after an entry was written, and before its checkpoint', () => {
    async function createBetween(): Promise<{ url: string; memory: Memory }> {
      const url = await create();
      await writeAndDie(url);
      const putBack = await keepCopy(url);
      const memory = new Memory();
      await (await openUnlocked(url, { knownLogs: memory }, byRawKey(1))).close();
      expect(memory.seen).toMatchObject([{ size: 2 }]);
      await putBack();
      expect(await query(url, 'select size from checkpoints')).toHaveLength(1);
      return { url, memory };
    }

    test('has all that was seen, and is gone on with', async () => {
      const { url, memory } = await createBetween();
      await write(url, 'next', memory);
      expect(memory.seen).toMatchObject([{ size: 3 }]);
    });

    test('is refused where that entry is another', async () => {
      const { url, memory } = await createBetween();
      await query(url, 'update log_entries set entry = (select entry from log_entries where entry_index = 0)');
      await expectRefused(url, memory, 'forked');
    });
  });

  test('a process that was killed before its checkpoint leaves a log that goes on', async () => {
    const url = await create();
    const memory = new Memory();
    await write(url, 'first', memory);
    await writeAndDie(url);
    await write(url, 'next', memory);
    expect(memory.seen).toMatchObject([{ size: 4 }]);
  });

  test('those who write at the same time, with one memory, are never refused', async () => {
    const url = await create();
    const memory = new Memory();
    const writeSome = async (name: string) => {
      for (let at = 0; at < 8; at++) await write(url, `${name}-${at}`, memory);
    };
    await Promise.all([writeSome('one'), writeSome('other')]);
    expect(memory.seen).toMatchObject([{ size: 17 }]);
  });
});

/** Makes a key in a process that is killed before the entry comes under a checkpoint. */
async function writeAndDie(url: string): Promise<void> {
  const child = new Child(createScript, [url, 'killed']);
  expect(await child.hear()).toBe('ok');
  await child.kill();
}
