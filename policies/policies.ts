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

/** Finds the first match without a walk through all callers. */
class PolicyIndex {
  /** Subject → position of its first policy. */
  readonly #exact = new Map<string, number>();
  /** Prefixes with the positions of their policies, in order. */
  readonly #prefixes: (readonly [prefix: string, position: number])[] = [];

  constructor(readonly list: readonly Policy[]) {
    for (const [position, { callers }] of list.entries()) {
      for (const caller of callers) {
        if (caller.endsWith("*")) this.#prefixes.push([caller.slice(0, -1), position]);
        else if (!this.#exact.has(caller)) this.#exact.set(caller, position);
      }
    }
  }

  match(subject = ""): Policy | undefined {
    const exact = this.#exact.get(subject) ?? Infinity;
    const found = this.#prefixes.find(([prefix, position]) =>
      position > exact || subject.startsWith(prefix)
    );
    return this.list[Math.min(exact, found?.[1] ?? Infinity)];
  }
}
