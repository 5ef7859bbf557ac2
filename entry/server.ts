import type { UnreadBodies } from "../limits/unread_bodies.ts";

/** Where and how a server listens. */
export interface ServeOptions {
  port: number;
  host: string;
  /** Longest time from a signal to the end, in ms. */
  shutdownGraceMs: number;
  /** Connections at once, where the runtime can limit them; default: no limit. */
  maxConnections?: number;
  /** Says when connections of refused requests should be closed; default: never. */
  unreadBodies?: UnreadBodies;
}

/** A listening gateway. */
export interface Server {
  readonly port: number;
  /** Settles when the process may end: after a signal and the last answer. */
  readonly stopped: Promise<void>;
}

/** The gateway cannot listen where it should. */
export class ListenError extends Error {
  override readonly name = "ListenError";

  /** @param cause what the runtime says of it */
  constructor({ host, port }: ServeOptions, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `Cannot listen on HOST ${host}, PORT ${port}: ${reason}. Choose another with HOST or PORT.`,
      { cause },
    );
  }
}
