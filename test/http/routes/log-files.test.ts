import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Authority } from '../../../src/authority/index.ts';
import {
  checkLogKey,
  computeRoot,
  createTileReader,
  decodeEntryBundle,
  formatTilePath,
  formatVerifierKey,
  hashLeaf,
  openCheckpoint,
  parseVerifierKey,
  proveInclusion,
  verifyInclusion,
} from '../../../src/log/index.ts';
import { createAuthority } from '../../support/authority.ts';
import { appendEntries, readCheckpoints, readLeaves, readLogVerifier } from '../../support/checkpoints.ts';
import { engines } from '../../support/engines.ts';
import { apiOf, type TestApi } from '../../support/http.ts';
import { toHex } from '../../support/vectors.ts';

const count = 600;

describe.each(engines)('$name', (engine) => {
  let authority: Authority;
  let api: TestApi;

  beforeAll(async () => {
    ({ authority } = await createAuthority(await engine.createUrl()));
    await appendEntries(authority, count - 1);
    await authority.checkpoint();
    api = apiOf(authority, { publicLog: true });
  });

  afterAll(() => authority.close());

  const get = async (path: string) => {
    const response = await api.send(`/log/${path}`);
    return { status: response.status, headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) };
  };

  test('a reader who has nothing but the files and the key finds every entry under the checkpoint', async () => {
    const { status, headers, bytes } = await get('checkpoint');
    expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'no-store',
    ]);
    const { size, root } = await openCheckpoint(bytes, await readLogVerifier(authority));
    expect(size).toBe(count);
    const reader = createTileReader(async (tile) => (await get(formatTilePath(tile))).bytes, size);
    expect(toHex(await computeRoot(reader, size))).toBe(toHex(root));
    let index = 0;
    for (const [at, width] of [256, 256, count - 512].entries()) {
      const bundle = await get(formatTilePath({ level: 'entries', index: at, width }));
      for (const entry of decodeEntryBundle(bundle.bytes, width)) {
        const proof = await proveInclusion(reader, index, size);
        verifyInclusion({ index, size, root, proof, leafHash: hashLeaf(entry) });
        index++;
      }
    }
    expect(index).toBe(count);
  });

  test('each earlier checkpoint has its tiles still, by their narrower paths', async () => {
    const leaves = await readLeaves(authority);
    for (const width of [1, 7, 88]) {
      const { status, bytes } = await get(`tile/0/002.p/${width}`);
      expect([status, bytes.length]).toEqual([200, 32 * width]);
      expect(toHex(bytes)).toBe(
        leaves
          .slice(512, 512 + width)
          .map(toHex)
          .join(''),
      );
    }
    expect((await readCheckpoints(authority)).map(({ size }) => size)).toEqual([1, count]);
  });

  test('a tile may be kept for ever, full or not, since its path names its width', async () => {
    const full = ['tile/0/000', 'tile/0/001', 'tile/entries/001'];
    const partial = ['tile/0/002.p/88', 'tile/1/000.p/2', 'tile/entries/002.p/88', 'tile/0/000.p/255'];
    for (const path of [...full, ...partial]) {
      const { status, headers } = await get(path);
      expect([status, headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    }
  });

  test('a bundle of entries is compressed for those who accept it, and holds the same', async () => {
    const plain = await get('tile/entries/001');
    const zipped = await api.send('/log/tile/entries/001', { headers: { 'Accept-Encoding': 'gzip' } });
    const bytes = new Uint8Array(await zipped.arrayBuffer());
    expect([zipped.headers.get('content-encoding'), zipped.headers.get('vary')]).toEqual(['gzip', 'Accept-Encoding']);
    expect(bytes.length).toBeLessThan(plain.bytes.length);
    expect(new Uint8Array(gunzipSync(bytes))).toEqual(plain.bytes);
    expect([plain.headers.get('content-encoding'), plain.headers.get('vary')]).toEqual([null, 'Accept-Encoding']);
  });

  test('the key is published with the word of the authority, which proves it', async () => {
    const { status, headers, bytes } = await get('key');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
    const { verifier_key, origin, authority: did, log_key } = JSON.parse(Buffer.from(bytes).toString());
    const signed = {
      statement: Buffer.from(log_key.statement, 'base64'),
      signature: Buffer.from(log_key.signature, 'base64'),
    };
    const key = await checkLogKey(signed, authority.identity.did);
    expect([verifier_key, origin, did]).toEqual([
      formatVerifierKey(await readLogVerifier(authority)),
      key.origin,
      authority.identity.did,
    ]);
    const { bytes: checkpoint } = await get('checkpoint');
    expect((await openCheckpoint(checkpoint, parseVerifierKey(verifier_key))).size).toBe(count);
  });

  test('pages of other sites may read all of it, and nothing else here', async () => {
    for (const path of ['checkpoint', 'key', 'tile/0/000', 'tile/entries/001']) {
      const { headers } = await get(path);
      expect([headers.get('access-control-allow-origin'), headers.get('cross-origin-resource-policy')]).toEqual([
        '*',
        'cross-origin',
      ]);
    }
    const other = await api.send('/openapi.json');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });

  test.each([
    'tile/0/002',
    'tile/0/002.p/89',
    'tile/0/003',
    'tile/0/003.p/1',
    'tile/1/000',
    'tile/1/000.p/3',
    'tile/2/000.p/1',
    'tile/63/000.p/1',
    'tile/entries/002',
    'tile/entries/002.p/89',
    'tile/entries/x009/x007/x199/x254/x740/991.p/1',
  ])('%s is not there', async (path) => {
    const { status, bytes } = await get(path);
    expect([status, JSON.parse(Buffer.from(bytes).toString()).code]).toEqual([404, 'not_found']);
  });

  test.each([
    'tile/0/2',
    'tile/0/002.p/0',
    'tile/0/002.p/256',
    'tile/00/000',
    'tile/64/000',
    'tile/0/x000/000',
    'tile/entries/-01',
    'tile/names/000',
    'tile/0/000/',
    'tile/0/000.p',
    'tile/0/%30%30%30',
    'tile/0/000?',
    'tile/0/000?x=1',
    'tile/entries/000?x=1',
    'checkpoint?x=1',
    'check%70oint',
    `tile/0/${'x999/'.repeat(1000)}999`,
  ])('%s is no path of a tile', async (path) => {
    const { status, bytes } = await get(path);
    expect([status, JSON.parse(Buffer.from(bytes).toString()).code]).toEqual([400, 'bad_input']);
  });

  test.each(['checkpoint/', 'checkpoints', '', 'tile', 'tiles/0/000'])('%s is no route', async (path) => {
    expect((await get(path)).status).toBe(path === 'tile' ? 400 : 404);
  });

  test('entries that are under no checkpoint yet are not shown', async () => {
    await appendEntries(authority, 10);
    expect((await get('tile/0/002.p/89')).status).toBe(404);
    expect((await get('tile/entries/002.p/89')).status).toBe(404);
    await authority.checkpoint();
    expect((await get('tile/0/002.p/98')).status).toBe(200);
    expect((await get('tile/entries/002.p/98')).status).toBe(200);
  });

  test('a log that its operator has not opened has no files', async () => {
    const closed = apiOf(authority);
    for (const path of ['checkpoint', 'tile/0/000', 'tile/entries/000']) {
      const response = await closed.send(`/log/${path}`);
      expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([404, 'not_found']);
    }
  });
});
