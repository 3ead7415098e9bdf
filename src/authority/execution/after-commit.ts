import type { EventName, HanaperEvent } from '../../events.ts';
import type { Host } from './host.ts';

/** What is told, and done, once all is committed. */
export class AfterCommit {
  #events: { readonly name: EventName; readonly details: HanaperEvent['details'] }[] = [];
  #acts: (() => void)[] = [];
  #inAnyCase: (() => void)[] = [];

  /** Notes an event. */
  note(name: EventName, details: HanaperEvent['details']): void {
    this.#events.push({ name, details });
  }

  /** Notes something to be done. */
  after(act: () => void): void {
    this.#acts.push(act);
  }

  /** Notes something to be done also where nobody knows whether it was committed. */
  afterDoubt(act: () => void): void {
    this.#inAnyCase.push(act);
  }

  /** Forgets all: none of it was committed. */
  clear(): void {
    this.#events = [];
    this.#acts = [];
    this.#inAnyCase = [];
  }

  /** Does and tells it. */
  tell(host: Host): void {
    for (const act of [...this.#acts, ...this.#inAnyCase]) act();
    for (const { name, details } of this.#events) host.report(name, details);
  }
  /** Does what is to be done where nobody knows whether it was committed, and tells nothing. */
  settleDoubt(): void {
    for (const act of this.#inAnyCase) act();
  }
}
