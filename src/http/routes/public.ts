import type { Context, Hono } from 'hono';
import { requireRefusal } from '../../attempt.ts';
import { type PublicQuery, verifyPublicly } from '../../authority/verify-publicly.ts';
import { isSha256Hex } from '../../crypto/fingerprint.ts';
import { decodeDidKey } from '../../did/did-key.ts';
import { createDidDocument } from '../../did/document.ts';
import { HanaperError } from '../../errors.ts';
import { countSignatures, maxSignatures } from '../../signature/dsse.ts';
import { readinessTimeout, verifyBodyBytes } from '../limits.ts';
import { readJsonBody } from '../request/body.ts';
import { respondProblem } from '../request/problems.ts';
import { openBudget } from '../request/request-budget.ts';
import { respondJson } from '../request/respond.ts';
import type { Service } from '../service.ts';

const queryFields = ['hash', 'name', 'signatures', 'organisation'];
const notReady = 503;
const maxNameCharacters = 1024;
const maxReferenceCharacters = 256;

/** Adds what anybody may ask: whether the server is well, whose it is, and whether a signature counts. */
export function addPublicRoutes(app: Hono, service: Service): void {
  app.get('/healthz', (context) => respondJson(context, { status: 'ok' }));
  app.get('/readyz', (context) => answerReadiness(context, service));
  app.get('/.well-known/did.json', (context) =>
    respondJson(context, createDidDocument(decodeDidKey(service.authority().identity.did))),
  );
  app.post('/api/verify', async (context) => {
    const query = readQuery(await readJsonBody(context, verifyBodyBytes));
    openBudget(context, 0).spend('signatures', countAll(query.signatures));
    return respondJson(context, await verifyPublicly(service.authority(), query));
  });
}

async function answerReadiness(context: Context, service: Service): Promise<Response> {
  const authority = service.authority();
  try {
    await within(
      readinessTimeout,
      authority.followed.read((transaction) => authority.readNow(transaction)),
    );
  } catch (error) {
    requireRefusal(error, 'log_rolled_back');
    return respondProblem(context, error, {}, notReady);
  }
  if (authority.database.isStalled) throw silent();
  return respondJson(context, { ready: true, locked: authority.locked });
}

// What has not answered by then answers nobody in time.
async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(silent()), milliseconds);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function silent(): HanaperError {
  return new HanaperError('unavailable', 'The database does not answer.');
}

// By hand: this is asked more often than anything else.
function readQuery(body: unknown): PublicQuery {
  const fields = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  const { hash, name, signatures, organisation } = fields;
  const stray = Object.keys(fields).find((field) => !queryFields.includes(field));
  if (stray !== undefined) throw wrong(stray.slice(0, 32), 'is not known');
  if (typeof hash !== 'string' || !isSha256Hex(hash)) throw wrong('hash', 'must be 64 lower-case hex characters');
  if (!isText(name, maxNameCharacters)) throw wrong('name', 'must be the name of a file');
  if (!isText(organisation, maxReferenceCharacters)) throw wrong('organisation', 'must be a name or a DID');
  if (!Array.isArray(signatures) || signatures.length === 0 || countAll(signatures) > maxSignatures) {
    throw wrong('signatures', `must be a list of signature documents, with 1 to ${maxSignatures} signatures in all`);
  }
  return { hash, name, organisation, signatures };
}

function countAll(documents: readonly unknown[]): number {
  return documents.reduce<number>((total, document) => total + countSignatures(document), 0);
}

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= most;
}

function wrong(field: string, reason: string): HanaperError {
  return new HanaperError('bad_input', `${field} ${reason}.`, { field });
}
