import type { NodeBindings } from "./raw_response.ts";

/** Hono's environment of the sandbox. */
export interface SandboxEnv {
  Bindings: NodeBindings;
  Variables: {
    /** The request body; undefined if it was over the limit. */
    body: Uint8Array | undefined;
    /** The query string with its `?`, undecoded; empty if there is none. */
    query: string;
  };
}
