import type { TestIssuer } from "./issuer.ts";

/** The client that a {@linkcode tokenIssuer} knows. */
export const CLIENT = { id: "billing", secret: "secret-of-billing" };

/** A token endpoint; stopped at the end of the scope. */
export interface TokenIssuer extends AsyncDisposable {
  readonly url: string;
  /** How many tokens it has issued. */
  issued(): number;
}

/**
 * Serves a token endpoint (RFC 6749 §4.4) that leaves out what it may, as many issuers do.
 *
 * @param lifetimesS of its first tokens, in seconds; default and all others: 3,600
 */
export function tokenIssuer(issuer: TestIssuer, lifetimesS: readonly number[] = []): TokenIssuer {
  let issued = 0;
  const basic = `Basic ${btoa(`${CLIENT.id}:${CLIENT.secret}`)}`;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const parameters = new URLSearchParams(await request.text());
    if (request.headers.get("authorization") !== basic) {
      const error_description = "There is no such client";
      return Response.json({ error: "invalid_client", error_description }, { status: 401 });
    }
    if (parameters.get("grant_type") !== "client_credentials") {
      return Response.json({ error: "unsupported_grant_type" }, { status: 400 });
    }
    const expiresInS = lifetimesS[issued++] ?? 3_600;
    return Response.json({
      access_token: await issuer.token({ expiresInS }),
      token_type: "bearer",
    });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/token`,
    issued: () => issued,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
