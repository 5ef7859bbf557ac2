/** Options of {@linkcode ServiceSlots}. */
export interface ServiceSlotsOptions {
  /** Callbacks that are relayed to one service at once. */
  maxOutstanding: number;
  /** Memory for their bodies, in bytes; one callback is relayed whatever its size. */
  maxBytes: number;
}

interface Held {
  outstanding: number;
  bytes: number;
}

/** Limits what each service holds, so that those which do not answer do not use what others need. */
export class ServiceSlots {
  /** By the names of services, so there are few. */
  readonly #held = new Map<string, Held>();

  constructor(readonly options: ServiceSlotsOptions) {}

  /**
   * Acquires a slot for a body; returns its release, to be called once, or undefined if a limit is
   * reached.
   */
  acquire(service: string, bytes: number): (() => void) | undefined {
    const held = this.#held.get(service) ?? { outstanding: 0, bytes: 0 };
    this.#held.set(service, held);
    const { maxOutstanding, maxBytes } = this.options;
    if (held.outstanding >= maxOutstanding) return undefined;
    if (held.outstanding > 0 && held.bytes + bytes > maxBytes) return undefined;
    held.outstanding++;
    held.bytes += bytes;
    return () => {
      held.outstanding--;
      held.bytes -= bytes;
    };
  }
}
