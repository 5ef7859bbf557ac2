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

/** API, issuer, token endpoint and collector in one. */
async function serveOutside(jwks: unknown, ca?: CertificateAuthority) {
  const seen: string[] = [];
  const exported = Promise.withResolvers<void>();
  const certificate = await ca?.issue({ host: "outside.test" });
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
    url: ca ? `https://outside.test:${server.addr.port}` : `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Sends a message by a gateway with these variables, and waits until everything was reached. */
async function reachAll(
  outside: Awaited<ReturnType<typeof serveOutside>>,
  { issuer, start, env }: { issuer: TestIssuer; start: Start; env: Record<string, string> },
): Promise<void> {
  await using gateway = await start({
    upstream: outside.url,
    issuer,
    env: {
      DENO_NO_UPDATE_CHECK: "1",
      AUTH_JWKS_URL: `${outside.url}/jwks`,
      SMS_AUTH_URL: `${outside.url}/oauth2/token`,
      SERVICE_PLANS: '{"plan-1":{"key_id":"a","key_secret":"b"}}',
      OTLP_ENDPOINT: outside.url,
      ...env,
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
}

const CREDENTIALS = `Basic ${btoa("user:pass")}`;

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
  await using outside = await serveOutside(issuer.jwks, ca);
  await using proxy = await startProxy();
  const caFile = await Deno.makeTempFile({ suffix: ".pem" });
  try {
    await Deno.writeTextFile(caFile, ca.cert);
    const env = { HTTPS_PROXY: withPassword(proxy.url), ...caVariables(caFile) };
    await reachAll(outside, { issuer, start, env });
    assertEquals(new Set(proxy.targets), new Set([new URL(outside.url).host]));
    assertEquals(new Set(proxy.credentials), new Set([CREDENTIALS]));
  } finally {
    await Deno.remove(caFile);
  }
}

/**
 * Checks that a gateway reaches http URLs by tunnels of the proxy that a file names, or all of them
 * directly.
 *
 * @param no the value of NO_PROXY, by the port of the host outside
 */
export async function checkPlainWayOut(
  no: (port: string) => string,
  { start, isDirect }: { start: Start; isDirect: boolean },
): Promise<void> {
  const issuer = await testIssuer();
  await using outside = await serveOutside(issuer.jwks);
  await using proxy = await startProxy();
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, `${withPassword(proxy.url)}\n`);
    const { host, port } = new URL(outside.url);
    await reachAll(outside, { issuer, start, env: { HTTP_PROXY_FILE: file, NO_PROXY: no(port) } });
    assertEquals(new Set(proxy.targets), new Set(isDirect ? [] : [host]));
    assertEquals(new Set(proxy.credentials), new Set(isDirect ? [] : [CREDENTIALS]));
  } finally {
    await Deno.remove(file);
  }
}

function withPassword(url: string): string {
  return url.replace("://", "://user:pass@");
}
