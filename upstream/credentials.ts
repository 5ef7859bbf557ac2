import { CredentialFilter } from "./credential_filter.ts";

/** The gateway's own credentials for the SMS API. Printing or serializing it shows none of them. */
export class Credentials {
  #tokens: ReadonlyMap<string, string>;
  #filter: CredentialFilter;

  /** @param servicePlans service plan id → API token */
  constructor(servicePlans: Readonly<Record<string, string>>) {
    this.#tokens = new Map(Object.entries(servicePlans));
    this.#filter = new CredentialFilter([...this.#tokens.values()]);
  }

  /** Replaces all credentials; requests that were sent already keep theirs. */
  replace(servicePlans: Readonly<Record<string, string>>): void {
    const before = this.#tokens;
    this.#tokens = new Map(Object.entries(servicePlans));
    this.#filter = new CredentialFilter([...before.values(), ...this.#tokens.values()]);
  }

  /** The service plans that have a credential. */
  plans(): Iterable<string> {
    return this.#tokens.keys();
  }

  has(servicePlanId: string): boolean {
    return this.#tokens.has(servicePlanId);
  }

  /** Removes the credentials, and those before the last replacement, from texts of the upstream. */
  get filter(): CredentialFilter {
    return this.#filter;
  }

  /**
   * The value of `Authorization` for a service plan.
   *
   * @throws {Error} when there is no credential for it; see {@linkcode has}
   */
  authorization(servicePlanId: string): string {
    const token = this.#tokens.get(servicePlanId);
    if (token === undefined) throw new Error("no credential for this service plan");
    return `Bearer ${token}`;
  }
}
