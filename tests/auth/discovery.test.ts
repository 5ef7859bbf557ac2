import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { metadataUrls } from "../../auth/discovery.ts";
import { downloadFailureReason } from "../../auth/key_set_download.ts";
import { RemoteKeySet } from "../../auth/remote_key_set.ts";
import { testIssuer } from "../support/issuer.ts";

const KEYS = (await testIssuer()).jwks;
const OPENID = "/realms/x/.well-known/openid-configuration";
const OAUTH = "/.well-known/oauth-authorization-server/realms/x";

/** Path → answer; `base` is the URL of the server. */
type Answers = Readonly<Record<string, (base: string) => Response>>;

/** Serves an issuer; `discover` downloads its keys by its metadata. */
function serve(answers: Answers) {
  const asked: string[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request): Response => {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      return answers[pathname]?.(base) ?? new Response("nothing", { status: 404 });
    },
  );
  const base: string = `http://127.0.0.1:${server.addr.port}`;
  let now = 0;
  let failure = "none";
  const keySet = new RemoteKeySet({ metadataOf: `${base}/realms/x` }, {
    maxAgeMs: 1_000,
    cooldownMs: 100,
    maxStaleMs: 10_000,
    now: () => now,
    onRefresh: (outcome, cause) =>
      void (failure = outcome === "ok" ? "none" : downloadFailureReason(cause)),
  });
  return {
    asked,
    keySet,
    base,
    async discover() {
      now += 1_000;
      await keySet.refresh();
      return failure;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const metadata = (more: object = {}) => (base: string) =>
  Response.json({ issuer: `${base}/realms/x`, jwks_uri: `${base}/keys`, ...more });

const keys = () => Response.json(KEYS);

Deno.test("metadata is looked for where OpenID Connect and RFC 8414 put it", () => {
  assertEquals(metadataUrls("https://issuer.example"), [
    "https://issuer.example/.well-known/openid-configuration",
    "https://issuer.example/.well-known/oauth-authorization-server",
  ]);
  for (const slash of ["", "/"]) {
    assertEquals(metadataUrls(`https://issuer.example/a/b${slash}`), [
      "https://issuer.example/a/b/.well-known/openid-configuration",
      "https://issuer.example/.well-known/oauth-authorization-server/a/b",
    ]);
  }
});

Deno.test("keys are found by OpenID discovery", async () => {
  await using issuer = serve({ [OPENID]: metadata(), "/keys": keys });
  assertEquals([await issuer.discover(), issuer.keySet.isReady()], ["none", true]);
  assertEquals(issuer.asked, [OPENID, "/keys"]);
});

Deno.test("keys are found by the metadata of RFC 8414 where there is no OpenID provider", async () => {
  await using issuer = serve({ [OAUTH]: metadata(), "/keys": keys });
  assertEquals([await issuer.discover(), issuer.keySet.isReady()], ["none", true]);
  assertEquals(issuer.asked, [OPENID, OAUTH, "/keys"]);
});

Deno.test("metadata is read again with the keys, so that a new address is taken over", async () => {
  let path = "/keys";
  await using issuer = serve({
    [OPENID]: (base) => metadata({ jwks_uri: base + path })(base),
    "/keys": keys,
    "/new": keys,
  });
  await issuer.discover();
  path = "/new";
  await issuer.discover();
  assertEquals(issuer.asked, [OPENID, "/keys", OPENID, "/new"]);
});

Deno.test("keys stay in use while the metadata cannot be read", async () => {
  let isDown = false;
  await using issuer = serve({
    [OPENID]: (base) => isDown ? new Response("down", { status: 503 }) : metadata()(base),
    "/keys": keys,
  });
  await issuer.discover();
  isDown = true;
  assertEquals(await issuer.discover(), "answered with status 503");
  assertEquals(issuer.keySet.isReady(), true);
});

const huge = () => new Response("x".repeat(1024 * 1024 + 1));

/** Metadata that must not be used → why, as it is logged. */
const REFUSED: readonly [name: string, answer: (base: string) => Response, reason: RegExp][] = [
  ["of another issuer", metadata({ issuer: "https://evil.test" }), /of another issuer/],
  [
    "whose issuer has one more slash",
    (base) => metadata({ issuer: `${base}/realms/x/` })(base),
    /of another issuer; compare the slash/,
  ],
  ["without issuer", metadata({ issuer: undefined }), /lacks issuer or jwks_uri/],
  ["without jwks_uri", metadata({ jwks_uri: undefined }), /lacks issuer or jwks_uri/],
  ["with a jwks_uri that is a number", metadata({ jwks_uri: 7 }), /lacks issuer or jwks_uri/],
  ["with a file as jwks_uri", metadata({ jwks_uri: "file:///etc/passwd" }), /jwks_uri that cannot/],
  [
    "with a password in jwks_uri",
    metadata({ jwks_uri: "http://user:secret@evil.test/" }),
    /jwks_uri that cannot/,
  ],
  ["that is an array", () => Response.json([]), /lacks issuer or jwks_uri/],
  ["that is no JSON", () => new Response("<html>"), /not JSON/],
  ["that is longer than 1 MiB", huge, /longer than 1 MiB/],
  ["behind a redirect", () => Response.redirect("http://evil.test/", 302), /status 302/],
  ["behind a 500", () => new Response("secret", { status: 500 }), /status 500/],
];

for (const [name, answer, reason] of REFUSED) {
  Deno.test(`metadata ${name} is not used, and the reason quotes nothing of it`, async () => {
    await using issuer = serve({ [OPENID]: answer, "/keys": keys });
    const failure = await issuer.discover();
    assertMatch(failure, reason);
    assertNotMatch(failure, /evil|secret|passwd|127\.0\.0\.1/);
    assertEquals([issuer.keySet.isReady(), issuer.asked], [false, [OPENID]]);
  });
}

Deno.test("metadata of an https issuer must not name keys by http", async () => {
  const keySet = new RemoteKeySet({ metadataOf: "https://issuer.example" }, {
    maxAgeMs: 1_000,
    cooldownMs: 100,
    maxStaleMs: 10_000,
    fetch: (input) => {
      const url = String(input);
      return Promise.resolve(
        url.includes(".well-known")
          ? Response.json({
            issuer: "https://issuer.example",
            jwks_uri: "http://issuer.example/keys",
          })
          : keys(),
      );
    },
  });
  await keySet.refresh();
  assertEquals(keySet.isReady(), false);
});
