/** What a program is given: where the server is, and a container for each request. */
export interface Given {
  readonly url: string;
  readonly show: string;
  readonly create: string;
  readonly createAgain: string;
  /** Sent where it is of another request. */
  readonly listKeys: string;
  readonly exportUnknown: string;
  /** The container for `/api/invoke`: bytes in base64. */
  readonly invoke: string;
  readonly query: {
    hash: string;
    name: string;
    organisation: string;
    signatures: { [field: string]: unknown }[];
  };
}

/** What a program reports about its answer. */
export interface AfterCommit {
  readonly shown: { readonly name: string; readonly did: string };
  readonly created: { readonly fingerprint: string; readonly receipt: string | null; readonly index: string | null };
  readonly proof: string | null;
  readonly verified: { readonly verified: boolean; readonly signer: string | undefined };
  readonly refusals: readonly Refusal[];
  /** Bytes in base64. */
  readonly receipt: string;
  readonly checkpoint: string;
  /** Bytes in base64. */
  readonly bundle: string;
}

/** What a program reports about an error. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly about: string | null | undefined;
  readonly receipt: string | null;
}

/** What this program was given. */
export function readGiven(): Given {
  return JSON.parse(process.argv[2] ?? '') as Given;
}

/** The width of the last bundle under a checkpoint: its second line is the size of the log. */
export function widthUnder(checkpoint: string): string {
  const [, size = ''] = checkpoint.split('\n');
  return String(Number(size) % 256);
}

/** What was answered, where nothing was refused. */
export function dataOf<Data>(answer: { readonly data?: Data | undefined; readonly error?: unknown }): Data {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}
