import type { Transaction } from '../engine/transaction.ts';
import { up as createMainJob, down as dropMainJob } from './0001-main-job.ts';
import { up as createUcan, down as dropUcan } from './0002-ucan.ts';
import { up as createLog, down as dropLog } from './0003-log.ts';
import { up as createProof, down as dropProof } from './0004-proof.ts';
import { up as createSignatureNames, down as dropSignatureNames } from './0005-signature-names.ts';
import { up as createBounds, down as dropBounds } from './0006-bounds.ts';
import { up as createLabels, down as dropLabels } from './0007-labels.ts';

/** One step of the schema, forward and back. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  up(transaction: Transaction): Promise<void>;
  down(transaction: Transaction): Promise<void>;
}

/** Every migration, oldest first. A new one is added at the end; none is ever changed. */
export const migrations: readonly Migration[] = [
  { version: 1, name: 'main-job', up: createMainJob, down: dropMainJob },
  { version: 2, name: 'ucan', up: createUcan, down: dropUcan },
  { version: 3, name: 'log', up: createLog, down: dropLog },
  { version: 4, name: 'proof', up: createProof, down: dropProof },
  { version: 5, name: 'signature-names', up: createSignatureNames, down: dropSignatureNames },
  { version: 6, name: 'bounds', up: createBounds, down: dropBounds },
  { version: 7, name: 'labels', up: createLabels, down: dropLabels },
];
