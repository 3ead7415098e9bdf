import { amendKey, amendTrust } from '../../authority/index.ts';
import { findKey } from '../find-key.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';

/** `hanaper key amend KEY` */
export async function amendSigning(session: Session, reference: string, text: string): Promise<Outcome> {
  const label = readLabel(text);
  const caller = await session.openCaller('write');
  const key = await findKey(caller, session.organisation, reference);
  const document = await caller.executeFor(session.organisation, amendKey, { ...key, label });
  return { document, lines: [describe(`The signing key ${document.name}`, document.label)] };
}

/** `hanaper trust amend FINGERPRINT` */
export async function amendTrusted(session: Session, fingerprint: string, text: string): Promise<Outcome> {
  const label = readLabel(text);
  const caller = await session.openCaller('write');
  const document = await caller.executeFor(session.organisation, amendTrust, { fingerprint, label });
  return { document, lines: [describe(`The trusted key ${document.name ?? fingerprint}`, document.label)] };
}

function readLabel(text: string): string | null {
  return text === '' ? null : text;
}

function describe(key: string, label: string | null): string {
  return label === null ? `${key} has no label now.` : `${key} has the label: ${label}`;
}
