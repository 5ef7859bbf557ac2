/** Where and how a server listens. */
export interface ServeOptions {
  /** Port to listen on; 0 is any free port. */
  port: number;
  /** Address to listen on. */
  host: string;
  /** Longest time from a signal to the end, in ms. */
  shutdownGraceMs: number;
  /** Connections at once, where the runtime can limit them; default: no limit. */
  maxConnections?: number;
}

/** A listening gateway. */
export interface Server {
  /** The port it listens on. */
  readonly port: number;
  /** Settles when the process may end: after a signal and the last answer. */
  readonly stopped: Promise<void>;
}

/** The gateway cannot listen where it should. */
export class ListenError extends Error {
  /** Name of the error class. */
  override readonly name = "ListenError";

  /**
   * Names host and port in the message.
   *
   * @param cause the error of the runtime
   */
  constructor({ host, port }: ServeOptions, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `Cannot listen on HOST ${host}, PORT ${port}: ${reason}. Choose another with HOST or PORT.`,
      { cause },
    );
  }
}
