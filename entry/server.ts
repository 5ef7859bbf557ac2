import type { ConnectionBuffers } from "../limits/connection_buffers.ts";

/** Options of `serve`. */
export interface ServeOptions {
  /** Port to listen on; 0 is any free port. */
  port: number;
  /** Address to listen on. */
  host: string;
  /** Port of metrics and probes; 0 is any free port. Default: {@linkcode port}. */
  adminPort?: number | undefined;
  /** Longest time from the signal to the end of the process, in ms. */
  shutdownGraceMs: number;
  /** Maximum number of connections, if the runtime can limit them. Default: no limit. */
  maxConnections?: number;
  /** Says when idle connections should be closed for their memory; default: never. */
  connectionBuffers?: ConnectionBuffers;
}

/** A listening gateway. */
export interface Server {
  /** The port it listens on. */
  readonly port: number;
  /** The port of metrics and probes, if they have one of their own. */
  readonly adminPort: number | undefined;
  /** Resolves when the process may end: after a signal and the last response. */
  readonly stopped: Promise<void>;
}

/** An address and port to listen on, and the setting that chose the port. */
export interface ListenTarget {
  readonly host: string;
  readonly port: number;
  readonly setting: "PORT" | "ADMIN_PORT";
}

/** The gateway cannot listen on the configured address and port. */
export class ListenError extends Error {
  /** Name of the error class. */
  override readonly name = "ListenError";

  /**
   * @param port value of the setting
   * @param cause the error of the runtime
   */
  constructor({ host, port, setting }: ListenTarget, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `Cannot listen on HOST ${host}, ${setting} ${port}: ${reason}. ` +
        `Choose another with HOST or ${setting}.`,
      { cause },
    );
  }
}
