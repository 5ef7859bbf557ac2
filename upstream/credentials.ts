/** The gateway's own credentials at the SMS API. Cannot be printed or serialized. */
export class Credentials {
  readonly #tokens: ReadonlyMap<string, string>;

  /** @param servicePlans service plan id → API token */
  constructor(servicePlans: Readonly<Record<string, string>>) {
    this.#tokens = new Map(Object.entries(servicePlans));
  }

  has(servicePlanId: string): boolean {
    return this.#tokens.has(servicePlanId);
  }

  /** Every token, for those who make sure that none gets out. */
  secrets(): readonly string[] {
    return [...this.#tokens.values()];
  }

  /** The `Authorization` header for a service plan that {@linkcode has} confirmed. */
  authorization(servicePlanId: string): string {
    const token = this.#tokens.get(servicePlanId);
    if (token === undefined) throw new Error("no credential for this service plan");
    return `Bearer ${token}`;
  }
}
