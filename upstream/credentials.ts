/** The gateway's own credentials for the SMS API. Printing or serializing it shows none of them. */
export class Credentials {
  readonly #tokens: ReadonlyMap<string, string>;

  /** @param servicePlans service plan id → API token */
  constructor(servicePlans: Readonly<Record<string, string>>) {
    this.#tokens = new Map(Object.entries(servicePlans));
  }

  has(servicePlanId: string): boolean {
    return this.#tokens.has(servicePlanId);
  }

  /** All tokens, for the filter that removes them from texts of the upstream. */
  secrets(): readonly string[] {
    return [...this.#tokens.values()];
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
