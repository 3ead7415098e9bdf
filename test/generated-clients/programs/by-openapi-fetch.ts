/** Asks a server by `openapi-fetch`, with the types that `openapi-typescript` wrote. */
import createClient from 'openapi-fetch';
import { type AfterCommit, dataOf, type Refusal, readGiven, widthUnder } from './told.ts';
import type { components, paths } from './types.ts';

type Problem = components['schemas']['Problem'];

const given = readGiven();
const client = createClient<paths>({ baseUrl: given.url });
const path = { org: 'acme' };

const shown = dataOf(await client.GET('/api/orgs/{org}', { params: { path }, headers: bearer(given.show) }));

const created = await client.POST('/api/orgs/{org}/keys', {
  params: { path, header: { 'Hanaper-Proof': '1' } },
  headers: bearer(given.create),
  body: { name: 'by-openapi-fetch' },
});
const again = await client.POST('/api/orgs/{org}/keys', {
  params: { path },
  headers: bearer(given.createAgain),
  body: { name: 'by-openapi-fetch' },
});
const other = await client.GET('/api/orgs/{org}', { params: { path }, headers: bearer(given.listKeys) });
const unknown = await client.GET('/api/orgs/{org}/keys/{name}', {
  params: { path: { ...path, name: 'nobody' } },
  headers: bearer(given.exportUnknown),
});

const verified = dataOf(await client.POST('/api/verify', { body: given.query }));
const nameless = await client.POST('/api/verify', { body: { ...given.query, name: '' } });

const invoked = await client.POST('/api/invoke', {
  headers: { 'Content-Type': 'application/vnd.ucan.container' },
  body: new Blob([Buffer.from(given.invoke, 'base64')]),
  bodySerializer: (body) => body,
  parseAs: 'arrayBuffer',
});

const checkpoint = dataOf(await client.GET('/log/checkpoint', { parseAs: 'text' }));
const bundle = await client.GET('/log/tile/entries/{index}.p/{width}', {
  params: { path: { index: '000', width: widthUnder(checkpoint) } },
  parseAs: 'arrayBuffer',
});

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
  receipt: Buffer.from(dataOf(invoked)).toString('base64'),
  checkpoint,
  bundle: Buffer.from(dataOf(bundle)).toString('base64'),
};
process.stdout.write(JSON.stringify(told));

function bearer(container: string): { readonly Authorization: string } {
  return { Authorization: `Bearer ${container}` };
}

function headerOf({ response }: { readonly response: Response }, name: keyof components['headers']): string | null {
  return response.headers.get(name);
}

function refusalOf(
  answer: { readonly error?: Problem; readonly response: Response },
  about: (details: NonNullable<Problem['details']>) => string | null | undefined,
): Refusal {
  if (answer.error === undefined) throw new Error(`${answer.response.url} refused nothing`);
  const { status, code, details = {} } = answer.error;
  return { status, code, about: about(details), receipt: headerOf(answer, 'Hanaper-Receipt') };
}
