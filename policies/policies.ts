import type { Policy } from "./policy.ts";

/** The policies in force; they can be replaced while requests are served. */
export class Policies {
  #index: PolicyIndex;

  constructor(list: readonly Policy[]) {
    this.#index = new PolicyIndex(list);
  }

  /** The policies in their order. */
  get list(): readonly Policy[] {
    return this.#index.list;
  }

  /** Takes over a new list; requests that were matched before keep their policy. */
  replace(list: readonly Policy[]): void {
    this.#index = new PolicyIndex(list);
  }

  /**
   * The first policy that matches a caller.
   *
   * @param subject the `sub` of its token; undefined matches `*` only
   */
  match(subject: string | undefined): Policy | undefined {
    return this.#index.match(subject);
  }
}

/** Finds the first match by one look-up for each length that a prefix has, however many there are. */
class PolicyIndex {
  /** Subject → position of its first policy. */
  readonly #exact = new Map<string, number>();
  /** Length → prefix of that length → position of its first policy. */
  readonly #prefixes = new Map<number, Map<string, number>>();

  constructor(readonly list: readonly Policy[]) {
    for (const [position, { callers }] of list.entries()) {
      for (const caller of callers) {
        if (caller.endsWith("*")) this.#addPrefix(caller.slice(0, -1), position);
        else if (!this.#exact.has(caller)) this.#exact.set(caller, position);
      }
    }
  }

  match(subject = ""): Policy | undefined {
    let first = this.#exact.get(subject) ?? Infinity;
    for (const [length, positions] of this.#prefixes) {
      if (length > subject.length) continue;
      first = Math.min(first, positions.get(subject.slice(0, length)) ?? Infinity);
    }
    return this.list[first];
  }

  #addPrefix(prefix: string, position: number): void {
    const sameLength = this.#prefixes.get(prefix.length) ?? new Map<string, number>();
    this.#prefixes.set(prefix.length, sameLength);
    if (!sameLength.has(prefix)) sameLength.set(prefix, position);
  }
}
