import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CATALOG } from "../../errors/catalog.ts";
import { STATUSES } from "../../errors/statuses.ts";
import { PATHS } from "../../reference/paths.ts";
import { acceptsGzip, decompressed } from "../../reference/resource.ts";
import { SWAGGER_UI_VERSION } from "../../reference/swagger_ui.ts";
import packed from "../../reference/assets/swagger_ui.json" with { type: "json" };
import { jsonReply, testGateway } from "../support/gateway.ts";

const ALL = Object.values(PATHS);
const PAGES = [PATHS.reference, PATHS.errors];
const BATCHES = "/xms/v1/plan-1/batches";

Deno.test("the reference asks for no token, leaves no trace, and is served to HEAD as well", async () => {
  const { request, spans, exchanges } = await testGateway();
  for (const path of ALL) {
    const got = await request(path, { token: null });
    const body = new Uint8Array(await got.arrayBuffer());
    assertEquals([got.status, body.byteLength], [
      200,
      Number(got.headers.get("content-length")),
    ], path);
    const head = await request(path, { token: null, method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""], path);
    assertEquals(head.headers.get("content-length"), got.headers.get("content-length"));
    assertMatch(got.headers.get("x-request-id") ?? "", /^id-\d+$/);
  }
  assertEquals([spans, exchanges], [[], []]);
});

Deno.test("nothing of the reference is there with DOCS=off, and no error links to it", async () => {
  const { request } = await testGateway({ env: { DOCS: "off" } });
  for (const path of ALL) assertEquals((await request(path)).status, 404, path);
  assertEquals((await request(BATCHES, { token: null })).headers.has("link"), false);
});

Deno.test("pages run no script but their own, are not framed, sniffed, or told of to others", async () => {
  const { request } = await testGateway();
  for (const path of ALL) {
    const { headers } = await request(path);
    const policy = new Map(
      (headers.get("content-security-policy") ?? "").split("; ").map((directive) => {
        const [name = "", ...sources] = directive.split(" ");
        return [name, sources.join(" ")];
      }),
    );
    assertEquals(policy.get("default-src"), "'none'");
    assertEquals(policy.get("script-src"), "'self'");
    assertEquals(policy.get("style-src"), "'self'");
    assertEquals(policy.get("connect-src"), "'self'");
    assertEquals(policy.get("frame-ancestors"), "'none'");
    assertEquals(policy.get("base-uri"), "'none'");
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("referrer-policy"), "no-referrer");
  }
});

Deno.test("what pages load is served here", async () => {
  const { request } = await testGateway();
  for (const path of PAGES) {
    const page = await (await request(path)).text();
    const loaded = [...page.matchAll(/(?:src|rel="stylesheet" href)="([^"]+)"/g)];
    assert(loaded.length > 0);
    for (const [, target = ""] of loaded) {
      assertEquals((await request(target)).status, 200, target);
    }
  }
});

Deno.test("what was not changed is not sent again", async () => {
  const { request } = await testGateway();
  for (const path of ALL) {
    const tag = (await request(path)).headers.get("etag") ?? "";
    const again = await request(path, { headers: { "if-none-match": tag } });
    assertEquals([again.status, await again.text()], [304, ""], path);
    assertEquals((await request(path, { headers: { "if-none-match": '"other"' } })).status, 200);
  }
});

Deno.test("only what has its version in its path is kept without asking", async () => {
  const { request } = await testGateway();
  for (const path of ALL) {
    const kept = (await request(path)).headers.get("cache-control") ?? "";
    assertEquals(kept.includes("immutable"), path.includes(SWAGGER_UI_VERSION), path);
  }
});

Deno.test("who takes gzip gets the same bytes, compressed", async () => {
  const { request } = await testGateway();
  for (const path of ALL) {
    const plain = await (await request(path)).bytes();
    const response = await request(path, { headers: { "accept-encoding": "br, gzip" } });
    assertEquals(response.headers.get("content-encoding"), "gzip");
    assertEquals(response.headers.get("vary"), "Accept-Encoding");
    assertEquals(await decompressed(await response.bytes()), plain, path);
  }
});

for (
  const [header, accepted] of [
    [undefined, false],
    ["", false],
    ["gzip", true],
    ["br;q=1.0, GZIP;q=0.8", true],
    ["gzip;q=0", false],
    ["identity", false],
    ["*", true],
    ["*;q=0.5, gzip; q=0", false],
  ] as const
) {
  Deno.test(`Accept-Encoding ${header} ${accepted ? "takes" : "does not take"} gzip`, () => {
    assertEquals(acceptsGzip(header), accepted);
  });
}

Deno.test("another method on the reference is 405 with what there is", async () => {
  const { request } = await testGateway();
  for (const path of ALL) {
    const response = await request(path, { method: "POST" });
    assertEquals([response.status, response.headers.get("allow")], [405, "GET, HEAD"], path);
  }
});

Deno.test("the errors page has a section for every status and code, with its meaning and its help", async () => {
  const { request } = await testGateway();
  const page = await (await request(PATHS.errors)).text();
  const escaped = (text: string) => text.replaceAll("'", "&#39;").replaceAll('"', "&quot;");
  for (const [code, { meaning, help }] of Object.entries(CATALOG)) {
    const section = page.slice(page.indexOf(`<h3 id="${code}">`)).split("</article>")[0] ?? "";
    assertStringIncludes(section, escaped(meaning));
    assertStringIncludes(section, escaped(help));
  }
  for (const { status } of STATUSES) assertStringIncludes(page, `id="status-${status}"`);
});

for (
  const [status, code, anchor] of [
    [403, "unknown_group", "unknown_group"],
    [403, "code_of_tomorrow", "status-403"],
    [400, "constructor", "status-400"],
    [422, "code_of_tomorrow", "status-other"],
    [404, "gone", "status-404"],
  ] as const
) {
  Deno.test(`the upstream's ${status} ${code} links to ${anchor}, which is on the page`, async () => {
    const { request } = await testGateway({
      upstream: () => jsonReply(status, { code, text: "text" }),
    });
    const response = await request(BATCHES);
    assertEquals(response.headers.get("link"), `</docs/errors#${anchor}>; rel="help"`);
    assertStringIncludes(await (await request(PATHS.errors)).text(), `id="${anchor}"`);
  });
}

Deno.test("the gateway's own errors link to their code, and successes to nothing", async () => {
  const { request } = await testGateway();
  const link = async (path: string, init = {}) => (await request(path, init)).headers.get("link");
  assertEquals(await link("/nowhere"), '</docs/errors#not_found>; rel="help"');
  assertEquals(await link(BATCHES, { token: null }), '</docs/errors#unauthorized>; rel="help"');
  assertEquals(
    await link(BATCHES, { method: "DELETE" }),
    '</docs/errors#method_not_allowed>; rel="help"',
  );
  assertEquals(await link(BATCHES), null);
});

Deno.test("the version in the paths is that of the files", () => {
  assertEquals(packed.version, SWAGGER_UI_VERSION);
});
