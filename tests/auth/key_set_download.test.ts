import { assertEquals, assertNotMatch } from "@std/assert";
import { downloadFailureReason, downloadKeySet, parseKeySet } from "../../auth/key_set_download.ts";

async function failureOf(url: string): Promise<string> {
  return await downloadKeySet(url, fetch, AbortSignal.timeout(5_000)).then(parseKeySet).then(
    () => "none",
    downloadFailureReason,
  );
}

/** An issuer that gives this answer. */
function serve(answer: () => Response) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, answer);
  return {
    url: `http://127.0.0.1:${server.addr.port}/keys?secret=1`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const ANSWERS: Readonly<Record<string, () => Response>> = {
  "answered with status 503": () => new Response("x", { status: 503 }),
  "answered with status 302": () => new Response(null, { status: 302, headers: { location: "/" } }),
  "answer is not JSON": () => new Response("<html>"),
  "answer is not a JSON Web Key Set": () => Response.json({ error: "x" }),
  "longer than 1 MiB": () => new Response("x".repeat(1024 * 1024 + 1)),
};

for (const [reported, answer] of Object.entries(ANSWERS)) {
  Deno.test(`a key set that cannot be used is reported as: ${reported}`, async () => {
    await using issuer = serve(answer);
    assertEquals(await failureOf(issuer.url), reported);
  });
}

Deno.test("an issuer that refuses connections, or whose name is unknown, is reported as such", async () => {
  const closed = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = closed.addr;
  closed.close();
  assertEquals(await failureOf(`http://127.0.0.1:${port}/certificate`), "connection refused");
  assertEquals(await failureOf("http://no-such-host.invalid/keys"), "host name not resolved");
});

Deno.test("an issuer that does not speak TLS, or breaks off, is reported as such", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const greeting = (async () => {
    for await (const connection of listener) {
      await connection.write(new TextEncoder().encode("220 smtp\r\n"));
      connection.close();
    }
  })();
  const { port } = listener.addr;
  assertEquals(await failureOf(`https://127.0.0.1:${port}/`), "TLS handshake failed");
  assertEquals(await failureOf(`http://127.0.0.1:${port}/`), "answer is not HTTP");
  listener.close();
  await greeting;
});

/** Error codes of Node. */
const NODE: readonly [code: string, reported: string][] = [
  ["ECONNREFUSED", "connection refused"],
  ["ENOTFOUND", "host name not resolved"],
  ["EAI_AGAIN", "host name not resolved"],
  ["UND_ERR_CONNECT_TIMEOUT", "timeout"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "TLS certificate not trusted"],
  ["CERT_HAS_EXPIRED", "TLS certificate has expired"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "TLS certificate not trusted, or expired"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "TLS certificate is for another host name"],
  ["ECONNRESET", "connection broken"],
  ["UND_ERR_SOCKET", "connection broken"],
  ["EHOSTUNREACH", "no route to the host"],
];

for (const [code, reported] of NODE) {
  Deno.test(`a failure with the code ${code} is reported as: ${reported}`, () => {
    const cause = Object.assign(new Error("of https://user:secret@host/?key=secret"), { code });
    assertEquals(downloadFailureReason(new TypeError("fetch failed", { cause })), reported);
  });
}

Deno.test("a fetch past its deadline is reported as a timeout on every runtime", () => {
  assertEquals(
    downloadFailureReason(AbortSignal.abort(new DOMException("x", "TimeoutError")).reason),
    "timeout",
  );
});

Deno.test("the message of an unexpected failure is never quoted", () => {
  for (const error of [new RangeError("secret"), "secret", undefined, { secret: 1 }]) {
    assertNotMatch(downloadFailureReason(error), /secret/);
  }
});
