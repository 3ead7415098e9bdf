/** The rules of trust in a few sets, with no rows, no history and no SQL: what the authority is compared with. */

export const organisations = ['one', 'three', 'two'] as const;
export const keyNames = ['green', 'red'] as const;

export type Organisation = (typeof organisations)[number];

/** One command; `nth` counts among the keys that were ever made. */
export type Step =
  | { readonly act: 'create'; readonly org: Organisation; readonly key: string; readonly trusted: boolean }
  | { readonly act: 'revoke-key'; readonly org: Organisation; readonly key: string }
  | { readonly act: 'trust' | 'distrust'; readonly org: Organisation; readonly nth: number }
  | { readonly act: 'grant' | 'ungrant'; readonly org: Organisation; readonly child: Organisation };

export interface ModelKey {
  readonly owner: Organisation;
  readonly name: string;
  readonly fingerprint: string;
  /** 64 hex characters. */
  readonly publicKey: string;
}

export class Model {
  readonly keys: ModelKey[] = [];
  readonly revoked = new Set<ModelKey>();
  readonly #trusts = new Map<Organisation, Set<ModelKey>>(organisations.map((org) => [org, new Set()]));
  readonly #acls = new Set<string>();

  keyAt(nth: number): ModelKey | undefined {
    return this.keys[nth % Math.max(this.keys.length, 1)];
  }

  /** `ok`, or the code of the refusal. */
  predict(step: Step): string {
    switch (step.act) {
      case 'create':
        return this.#active(step.org, step.key) ? 'already_exists' : 'ok';
      case 'revoke-key':
        if (this.#active(step.org, step.key)) return 'ok';
        return this.keys.some((key) => key.owner === step.org && key.name === step.key) ? 'key_revoked' : 'not_found';
      case 'grant':
        if (step.org === step.child) return 'bad_input';
        return this.#acls.has(`${step.org} ${step.child}`) ? 'already_trusted' : 'ok';
      case 'ungrant':
        return this.#acls.has(`${step.org} ${step.child}`) ? 'ok' : 'not_found';
      default:
        return this.#predictTrust(step.act, step.org, this.keyAt(step.nth));
    }
  }

  /** Takes over what a step that was `ok` has done; `made` is the key of a `create`. */
  record(step: Step, made: ModelKey | undefined): void {
    switch (step.act) {
      case 'create':
        if (made === undefined) throw new Error('no key was made');
        this.keys.push(made);
        if (step.trusted) this.#trustOf(step.org).add(made);
        break;
      case 'revoke-key': {
        const key = this.#active(step.org, step.key);
        if (key === undefined) throw new Error('no key was revoked');
        this.revoked.add(key);
        for (const trust of this.#trusts.values()) trust.delete(key);
        break;
      }
      case 'grant':
        this.#acls.add(`${step.org} ${step.child}`);
        break;
      case 'ungrant':
        this.#acls.delete(`${step.org} ${step.child}`);
        break;
      default:
        this.#recordTrust(step.act, step.org, this.keyAt(step.nth));
    }
  }

  /** The accepted fingerprints of an organisation, and through whom; `null`: directly. */
  resolve(org: Organisation): Record<string, string | null> {
    const children = organisations.filter((child) => this.#acls.has(`${org} ${child}`));
    const inherited = children.toReversed().flatMap((child) => this.#entries(child, child));
    return Object.fromEntries([...inherited, ...this.#entries(org, null)]);
  }

  #entries(org: Organisation, via: string | null): [string, string | null][] {
    return [...this.#trustOf(org)].map(({ fingerprint }) => [fingerprint, via]);
  }

  #predictTrust(act: 'trust' | 'distrust', org: Organisation, key: ModelKey | undefined): string {
    const trusted = key !== undefined && this.#trustOf(org).has(key);
    if (act === 'distrust') return trusted ? 'ok' : 'not_found';
    if (key === undefined) return 'weak_key';
    if (this.revoked.has(key)) return 'key_revoked';
    return trusted ? 'already_trusted' : 'ok';
  }

  #recordTrust(act: 'trust' | 'distrust', org: Organisation, key: ModelKey | undefined): void {
    if (key === undefined) throw new Error('no key was trusted');
    if (act === 'trust') this.#trustOf(org).add(key);
    else this.#trustOf(org).delete(key);
  }

  #active(owner: Organisation, name: string): ModelKey | undefined {
    return this.keys.find((key) => key.owner === owner && key.name === name && !this.revoked.has(key));
  }

  #trustOf(org: Organisation): Set<ModelKey> {
    return this.#trusts.get(org) ?? new Set();
  }
}
