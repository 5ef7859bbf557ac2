import type { UnreadBodies } from "../limits/unread_bodies.ts";

/** Options of `serve`. */
export interface ServeOptions {
  /** Port to listen on; 0 is any free port. */
  port: number;
  /** Address to listen on. */
  host: string;
  /** Longest time from the signal to the end of the process, in ms. */
  shutdownGraceMs: number;
  /** Maximum number of connections, if the runtime can limit them. Default: no limit. */
  maxConnections?: number;
  /** Says when connections of refused requests should be closed; default: never. */
  unreadBodies?: UnreadBodies;
}

/** A listening gateway. */
export interface Server {
  /** The port it listens on. */
  readonly port: number;
  /** Resolves when the process may end: after a signal and the last response. */
  readonly stopped: Promise<void>;
}

/** The gateway cannot listen on the configured address and port. */
export class ListenError extends Error {
  /** Name of the error class. */
  override readonly name = "ListenError";

  /** @param cause the error of the runtime */
  constructor({ host, port }: ServeOptions, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `Cannot listen on HOST ${host}, PORT ${port}: ${reason}. Choose another with HOST or PORT.`,
      { cause },
    );
  }
}
