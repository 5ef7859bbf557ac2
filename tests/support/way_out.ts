import { assertEquals } from "@std/assert";
import { type CertificateAuthority, certificateAuthority } from "./certificates.ts";
import { startProxy } from "./connect_proxy.ts";
import { type TestIssuer, testIssuer } from "./issuer.ts";
import { tokenAnswer } from "./token_endpoint.ts";

/** Starts a gateway process with `SMS_API_URL` and these variables. */
type Start = (options: {
  upstream: string;
  issuer: TestIssuer;
  env: Record<string, string>;
}) => Promise<{ readonly url: string } & AsyncDisposable>;

/** API, issuer, token endpoint and collector in one, with a certificate of a private authority. */
async function serveOutside(ca: CertificateAuthority, jwks: unknown) {
  const seen: string[] = [];
  const exported = Promise.withResolvers<void>();
  const certificate = await ca.issue({ host: "outside.test" });
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, ...certificate },
    async (request) => {
      const { pathname } = new URL(request.url);
      seen.push(pathname);
      await request.arrayBuffer();
      if (pathname === "/jwks") return Response.json(jwks);
      if (pathname === "/oauth2/token") return tokenAnswer("token-1");
      if (pathname === "/v1/traces") exported.resolve();
      return Response.json({ id: "1" }, { status: pathname.startsWith("/xms") ? 201 : 200 });
    },
  );
  return {
    seen,
    exported: exported.promise,
    url: `https://outside.test:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/**
 * Checks that a gateway reaches everything by its proxy alone: the name of the host outside exists
 * for the proxy only.
 *
 * @param caVariables the variables that make the runtime trust the private authority, by the file
 * with its certificate
 */
export async function checkWayOut(
  caVariables: (file: string) => Record<string, string>,
  start: Start,
): Promise<void> {
  const issuer = await testIssuer();
  const ca = await certificateAuthority();
  await using outside = await serveOutside(ca, issuer.jwks);
  await using proxy = await startProxy();
  const caFile = await Deno.makeTempFile({ suffix: ".pem" });
  try {
    await Deno.writeTextFile(caFile, ca.cert);
    await using gateway = await start({
      upstream: outside.url,
      issuer,
      env: {
        HTTPS_PROXY: proxy.url.replace("://", "://user:pass@"),
        ...caVariables(caFile),
        DENO_NO_UPDATE_CHECK: "1",
        AUTH_JWKS_URL: `${outside.url}/jwks`,
        SMS_AUTH_URL: `${outside.url}/oauth2/token`,
        SERVICE_PLANS: '{"plan-1":{"key_id":"a","key_secret":"b"}}',
        OTLP_ENDPOINT: outside.url,
      },
    });
    const response = await fetch(`${gateway.url}/xms/v1/plan-1/batches`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await issuer.token()}`,
        "content-type": "application/json",
      },
      body: "{}",
    });
    assertEquals([response.status, await response.json()], [201, { id: "1" }]);
    await outside.exported;
    const expected = ["/jwks", "/oauth2/token", "/v1/traces", "/xms/v1/plan-1/batches"];
    assertEquals([...new Set(outside.seen)].sort(), expected);
    assertEquals(new Set(proxy.targets), new Set([new URL(outside.url).host]));
    assertEquals(new Set(proxy.credentials), new Set([`Basic ${btoa("user:pass")}`]));
  } finally {
    await Deno.remove(caFile);
  }
}
