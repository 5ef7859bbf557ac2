import type { JSONWebKeySet } from "jose";

/** What an issuer does with a request for its keys. */
export type Behaviour = (request: Request) => Response | Promise<Response>;

/** An issuer's key set on a port of its own, that can be told to misbehave. */
export interface IssuerServer extends AsyncDisposable {
  readonly url: string;
  /** Requests so far. */
  readonly fetches: () => number;
  does: Behaviour;
  /** Publishes these keys. */
  publish(...sets: JSONWebKeySet[]): void;
}

export function startIssuerServer(): IssuerServer {
  let fetches = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    fetches++;
    return issuer.does(request);
  });
  const issuer: IssuerServer = {
    url: `http://127.0.0.1:${server.addr.port}/keys`,
    fetches: () => fetches,
    does: () => new Response(null, { status: 500 }),
    publish(...sets) {
      const keys = sets.flatMap((set) => set.keys);
      issuer.does = () => Response.json({ keys });
    },
    // Not shutdown(): a request that hangs on purpose would never be over.
    [Symbol.asyncDispose]: () => Promise.race([server.shutdown(), Promise.resolve()]),
  };
  return issuer;
}
