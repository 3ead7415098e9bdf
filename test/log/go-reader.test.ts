/** Go's own reader of such logs, from its standard distribution, reads ours: where Go is installed. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { publicKeyOf } from '../../src/crypto/ed25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import {
  computeRoot,
  createTileReader,
  emptyTree,
  formatVerifierKey,
  growTiles,
  hashLeaf,
  proveConsistency,
  proveInclusion,
  signCheckpoint,
} from '../../src/log/index.ts';
import { temporaryFolder } from '../support/fixtures.ts';
import { countUp } from '../support/vectors.ts';

const { stdout: goRoot = '', status } = spawnSync('go', ['env', 'GOROOT'], { encoding: 'utf8' });
const packages = join(goRoot?.trim() ?? '', 'src/cmd/vendor/golang.org/x/mod/sumdb');
const isThere = status === 0 && existsSync(packages);
const size = 700;
const older = 300;
const origin = 'hanaper.example/log';

const entries = Array.from({ length: size }, (_, index) => encodeUtf8(`entry ${index}`));
const tiles = new Map(
  growTiles(emptyTree, entries.map(hashLeaf)).changed.map(({ level, index, hashes }) => [`${level}/${index}`, hashes]),
);
const reader = createTileReader(async ({ level, index, width }) => {
  const hashes = tiles.get(`${level}/${index}`) ?? new Uint8Array(0);
  return hashes.slice(0, 32 * width);
}, size);

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** A log as the program reads it. */
async function describeLog() {
  using key = Secret.copyOf(countUp(32));
  const checkpoint = await signCheckpoint({ origin, size, root: await computeRoot(reader, size) }, key);
  const proven = [0, 1, 255, 256, 511, 699].map(async (index) => ({
    index,
    entry: base64(entries[index] ?? new Uint8Array(0)),
    proof: (await proveInclusion(reader, index, size)).map(base64),
  }));
  return {
    verifierKey: formatVerifierKey({ name: origin, publicKey: await publicKeyOf(key) }),
    checkpoint: base64(checkpoint),
    older: {
      size: older,
      root: base64(await computeRoot(reader, older)),
      proof: (await proveConsistency(reader, older, size)).map(base64),
    },
    entries: await Promise.all(proven),
  };
}

// The package that note.go imports only wraps the one of the standard library.
function useStandardLibrary(file: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace('golang.org/x/crypto/ed25519', 'crypto/ed25519'));
}

/** Builds the program from the sources that come with Go: nothing is fetched. */
function buildReader(): string {
  const folder = temporaryFolder();
  const source = fileURLToPath(new URL('go/main.go', import.meta.url));
  writeFileSync(join(folder, 'go.mod'), 'module hanaper.test/reader\n\ngo 1.19\n');
  copyFileSync(source, join(folder, 'main.go'));
  for (const name of ['note', 'tlog']) {
    mkdirSync(join(folder, name));
    cpSync(join(packages, name), join(folder, name), { recursive: true });
    for (const file of readdirSync(join(folder, name))) useStandardLibrary(join(folder, name, file));
  }
  const env = { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off', GOCACHE: join(folder, 'cache') };
  const built = spawnSync('go', ['build', '-o', 'reader', '.'], { cwd: folder, env, encoding: 'utf8' });
  expect(built.status, built.stderr).toBe(0);
  return join(folder, 'reader');
}

test.runIf(isThere)(
  "Go's reader takes the note, each inclusion proof and the consistency proof, and no other",
  async () => {
    const program = buildReader();
    const read = (log: object) => spawnSync(program, { input: JSON.stringify(log), encoding: 'utf8' });
    const log = await describeLog();
    expect(read(log)).toMatchObject({ status: 0, stdout: `6 entries of ${size}\n` });
    const [first] = log.entries;
    const others = [
      {
        ...log,
        checkpoint: base64(encodeUtf8(Buffer.from(log.checkpoint, 'base64').toString().replace('700', '699'))),
      },
      { ...log, entries: [{ ...first, entry: base64(encodeUtf8('another')) }] },
      { ...log, older: { ...log.older, size: older + 1 } },
    ];
    for (const other of others) expect(read(other).status).toBe(1);
  },
);
