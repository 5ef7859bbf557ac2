import type { Exchange } from "../exchange.ts";

/** Is notified of the start and the end of every request; its methods must not throw. */
export interface ExchangeObserver {
  /** A request was received. */
  started?(exchange: Exchange): void;
  /**
   * The response is complete, or its stream has failed.
   *
   * @param durationMs time since the start of the request, in ms
   */
  finished(exchange: Exchange, durationMs: number): void;
}
