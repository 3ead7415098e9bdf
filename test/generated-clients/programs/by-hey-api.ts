/** Asks a server by the client that `@hey-api/openapi-ts` wrote. */
import { createClient } from './sdk/client/index.ts';
import {
  invoke,
  keyCreate,
  keyExport,
  logFileCheckpoint,
  logFilePartialBundle,
  orgShow,
  type Problem,
  verify,
} from './sdk/index.ts';
import { type AfterCommit, dataOf, type Refusal, readGiven, widthUnder } from './told.ts';

const given = readGiven();
const client = createClient({ baseUrl: given.url });
const path = { org: 'acme' };

const shown = dataOf(await orgShow({ client, path, auth: given.show }));

const created = await keyCreate({
  client,
  path,
  auth: given.create,
  headers: { 'Hanaper-Proof': '1' },
  body: { name: 'by-hey-api' },
});
const again = await keyCreate({ client, path, auth: given.createAgain, body: { name: 'by-hey-api' } });
const other = await orgShow({ client, path, auth: given.listKeys });
const unknown = await keyExport({ client, path: { ...path, name: 'nobody' }, auth: given.exportUnknown });

const verified = dataOf(await verify({ client, body: given.query }));
const nameless = await verify({ client, body: { ...given.query, name: '' } });

const container = new Blob([Buffer.from(given.invoke, 'base64')]);
// Its types know an answer in JSON alone: the bytes are taken from the response itself.
const invoked = await invoke({ client, body: container, parseAs: 'stream' });

const checkpoint = dataOf(await logFileCheckpoint({ client }));
const bundle = dataOf(await logFilePartialBundle({ client, path: { index: '000', width: widthUnder(checkpoint) } }));

const told: AfterCommit = {
  shown: { name: shown.name, did: shown.did },
  created: {
    fingerprint: dataOf(created).fingerprint,
    receipt: headerOf(created, 'Hanaper-Receipt'),
    index: headerOf(created, 'Hanaper-Log-Index'),
  },
  proof: headerOf(created, 'Hanaper-Proof'),
  verified: { verified: verified.verified, signer: verified.signer_fingerprint },
  refusals: [
    refusalOf(other, (details) => details.reason),
    refusalOf(unknown, (details) => details.kind),
    refusalOf(nameless, (details) => details.field),
    refusalOf(again, () => undefined),
  ],
  receipt: (await bytesOf(invoked.response)).toString('base64'),
  checkpoint,
  bundle: (await bytesOf(bundle)).toString('base64'),
};
process.stdout.write(JSON.stringify(told));

async function bytesOf(answer: Pick<Blob, 'arrayBuffer'> | undefined): Promise<Buffer> {
  return Buffer.from((await answer?.arrayBuffer()) ?? new ArrayBuffer(0));
}

function headerOf({ response }: { readonly response?: Response }, name: string): string | null {
  return response?.headers.get(name) ?? null;
}

function refusalOf(
  answer: { readonly error?: Problem | undefined; readonly response?: Response },
  about: (details: NonNullable<Problem['details']>) => string | null | undefined,
): Refusal {
  if (answer.error === undefined) throw new Error(`${answer.response?.url} refused nothing`);
  const { status, code, details = {} } = answer.error;
  return { status, code, about: about(details), receipt: headerOf(answer, 'Hanaper-Receipt') };
}
