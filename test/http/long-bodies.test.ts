import { describe, expect, test } from 'vitest';
import { importLegacyTokens } from '../../src/authority/commands/import-legacy.ts';
import { createKey } from '../../src/authority/commands/key.ts';
import { signPackage } from '../../src/authority/commands/package.ts';
import { bodySlack } from '../../src/http/limits.ts';
import { engines } from '../support/engines.ts';
import { type Asking, createPlace, type Place, plainRequest } from '../support/place.ts';
import { type Answered, ask } from '../support/server.ts';
import { containerOf } from '../support/tokens.ts';
import { expectTold, leavingNothing } from '../support/told.ts';
import { principal } from '../support/ucan.ts';

const maps = `{"a":[${'{},'.repeat(340_000)}{}]}`;

describe.each(engines)('on $name', (engine) => {
  async function askWith(here: Place, asking: Asking, body: string): Promise<Answered> {
    const signed = await here.sign(asking);
    const [path, { json: _, ...plain }] = plainRequest(asking, await containerOf(signed.tokens, 'base64url-gzip'));
    const headers = { ...plain.headers, 'Content-Type': 'application/json' };
    return ask(here.server.url, path, { ...plain, headers, body });
  }

  test('a body that is far longer than the arguments of its invocation is refused before it is read as JSON', async () => {
    const here = await createPlace(engine);
    const stranger = await principal('stranger');
    const subject = await here.didOf('acme');
    const asking = { command: createKey, args: { name: 'release' } };
    await leavingNothing(here, async () => {
      expectTold('too_large', await askWith(here, asking, maps));
      expectTold('too_large', await askWith(here, { ...asking, signer: stranger, claims: { subject } }, maps));
      expectTold('too_large', await askWith(here, asking, `{"name":"release"${' '.repeat(bodySlack + 200)}}`));
      const slow = `{"a":[${'{},'.repeat(600)}{}]}`;
      expectTold('not_authorized', await askWith(here, asking, slow));
    });
  });

  test('a stranger with long arguments, or with arguments that do not fit, is refused before it is read', async () => {
    const here = await createPlace(engine);
    const signer = await principal('stranger');
    const subject = here.authority.identity.did;
    await leavingNothing(here, async () => {
      const long = { command: importLegacyTokens, args: { tokens: ['x'.repeat(60_000)] } };
      expectTold(
        'invalid_claim',
        await askWith(here, { ...long, signer, claims: { subject } }, maps.slice(0, 400_000)),
      );
      const odd = { command: signPackage, args: { name: 'x'.repeat(60_000) } };
      const about = { subject: await here.didOf('acme') };
      expectTold('bad_input', await askWith(here, { ...odd, signer, claims: about }, maps));
    });
  });

  test('the same arguments in any writing are read, long ones too', async () => {
    const here = await createPlace(engine);
    const name = 'n'.repeat(63);
    const escaped = Array.from(name, () => '\\u006e').join('');
    const written = `{\n    "name": "${escaped}"\n}\n`;
    const created = await askWith(here, { command: createKey, args: { name } }, written);
    expect(created.status, created.text).toBe(200);
    const args = { tokens: ['x'.repeat(60_000)] };
    const imported = await askWith(here, { command: importLegacyTokens, args }, JSON.stringify(args, undefined, 4));
    expect(imported.status, imported.text).toBe(200);
    expect(imported.json).toMatchObject({ imported: 0, refused: [{ index: 0 }] });
  });
});
