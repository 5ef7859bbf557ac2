import type { Transport } from "./transport.ts";

/** The transports to several origins, each created when it is first needed. */
export class Transports {
  readonly #create: (origin: string) => Transport;
  readonly #byOrigin = new Map<string, Transport>();

  /** @param create creates the transport to an origin, such as `https://service.example` */
  constructor(create: (origin: string) => Transport) {
    this.#create = create;
  }

  /** The transport to an origin. */
  to(origin: string): Transport {
    const known = this.#byOrigin.get(origin);
    if (known) return known;
    const created = this.#create(origin);
    this.#byOrigin.set(origin, created);
    return created;
  }

  /** As {@linkcode Transport.expireAll}, of each. */
  expireAll(): void {
    for (const transport of this.#byOrigin.values()) transport.expireAll?.();
  }

  /** As {@linkcode Transport.close}, of each. */
  async close(): Promise<void> {
    await Promise.all([...this.#byOrigin.values()].map((transport) => transport.close()));
  }
}
