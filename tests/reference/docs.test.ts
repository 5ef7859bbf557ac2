import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DELIVERY_CODES } from "../../delivery_codes.ts";
import { CATALOG } from "../../errors/catalog.ts";
import { STATUSES } from "../../errors/statuses.ts";
import { OPERATIONS } from "../../operations.ts";
import { ALL_PATHS, fingerprint, GUIDE_PATHS, PATHS } from "../../reference/paths.ts";
import { acceptsGzip, decompressed } from "../../reference/resource.ts";
import { jsonReply, testGateway } from "../support/gateway.ts";

/** Bytes of all pages and files of the reference but the guides together, compressed. */
const MAX_COMPRESSED_BYTES = 300_000;

/** Bytes of a guide, compressed. */
const MAX_GUIDE_BYTES = 20_000;

const PAGES = ALL_PATHS.filter((path) => /^\/docs(?!\/assets|.*\.json$)/.test(path));
const BATCHES = "/xms/v1/plan-1/batches";

Deno.test("the reference needs no token, has no span, and supports HEAD", async () => {
  const { request, spans, exchanges } = await testGateway();
  for (const path of ALL_PATHS) {
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

Deno.test("with DOCS=off every path of the reference is 404, and no error links to it", async () => {
  const { request } = await testGateway({ env: { DOCS: "off" } });
  for (const path of ALL_PATHS) assertEquals((await request(path)).status, 404, path);
  assertEquals((await request(BATCHES, { token: null })).headers.has("link"), false);
});

Deno.test("pages have a CSP for their own scripts only, and headers against framing, sniffing and referrers", async () => {
  const { request } = await testGateway();
  for (const path of ALL_PATHS) {
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

Deno.test("pages load only files that the gateway serves", async () => {
  const { request } = await testGateway();
  for (const path of PAGES) {
    const page = await (await request(path)).text();
    const loaded = [...page.matchAll(/(?:src|rel="stylesheet" href|data-index)="([^"]+)"/g)];
    assertEquals(
      loaded.map(([, target]) => target),
      [PATHS.style, PATHS.script, PATHS.search],
      path,
    );
  }
});

Deno.test("every link of the pages and of the search leads to a page, and to an element of it", async () => {
  const { request } = await testGateway();
  const texts = new Map<string, string>();
  for (const path of ALL_PATHS) texts.set(path, await (await request(path)).text());
  const targets = JSON.parse(texts.get(PATHS.search) ?? "").map(({ path }: { path: string }) =>
    path
  );
  for (const path of PAGES) {
    for (const [, href = ""] of texts.get(path)?.matchAll(/<a [^>]*href="([^"]+)"/g) ?? []) {
      if (!/^https?:/.test(href)) targets.push(href.startsWith("#") ? path + href : href);
    }
  }
  assert(targets.length > OPERATIONS.length ** 2, `${targets.length}`);
  for (const target of new Set<string>(targets)) {
    const [path = "", id] = target.split("#");
    assert(texts.has(path), target);
    if (id) assertStringIncludes(texts.get(path) ?? "", `id="${id}"`, target);
  }
});

Deno.test("no page has two elements with the same id", async () => {
  const { request } = await testGateway();
  for (const path of PAGES) {
    const page = await (await request(path)).text();
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assertEquals(ids, [...new Set(ids)], path);
  }
});

Deno.test("an unchanged file is answered 304", async () => {
  const { request } = await testGateway();
  for (const path of ALL_PATHS) {
    const tag = (await request(path)).headers.get("etag") ?? "";
    const again = await request(path, { headers: { "if-none-match": tag } });
    assertEquals([again.status, await again.text()], [304, ""], path);
    assertEquals((await request(path, { headers: { "if-none-match": '"other"' } })).status, 200);
  }
});

Deno.test("only files with a fingerprint of their content in the path are immutable in caches", async () => {
  const { request } = await testGateway();
  for (const path of ALL_PATHS) {
    const response = await request(path);
    const kept = response.headers.get("cache-control") ?? "";
    const [, named] = /-([0-9a-f]{8})\.(?:css|js)$/.exec(path) ?? [];
    assertEquals(kept.includes("immutable"), named !== undefined, path);
    if (named) assertEquals(named, fingerprint(await response.text()), path);
  }
});

Deno.test("all pages and files together have at most 300 KB when compressed", async () => {
  const { request } = await testGateway();
  let total = 0;
  for (const path of ALL_PATHS) {
    const response = await request(path, { headers: { "accept-encoding": "gzip" } });
    const { byteLength } = await response.bytes();
    if (!GUIDE_PATHS.includes(path)) total += byteLength;
    else assert(byteLength < MAX_GUIDE_BYTES, `${path}: ${byteLength} bytes`);
  }
  assert(total < MAX_COMPRESSED_BYTES, `${total} bytes`);
});

Deno.test("a client that accepts gzip gets the same bytes, compressed", async () => {
  const { request } = await testGateway();
  for (const path of ALL_PATHS) {
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
  Deno.test(`Accept-Encoding ${header} ${accepted ? "accepts" : "does not accept"} gzip`, () => {
    assertEquals(acceptsGzip(header), accepted);
  });
}

Deno.test("another method on the reference is 405 with Allow", async () => {
  const { request } = await testGateway();
  for (const path of ALL_PATHS) {
    const response = await request(path, { method: "POST" });
    assertEquals([response.status, response.headers.get("allow")], [405, "GET, HEAD"], path);
  }
});

Deno.test("the errors page has a section for every status and code, with its meaning and advice", async () => {
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

Deno.test("the errors page has every code of delivery reports, with its status and meaning", async () => {
  const { request } = await testGateway();
  const page = await (await request(PATHS.errors)).text();
  assertEquals(DELIVERY_CODES.map(({ code }) => code), [
    ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 410, 411, 412, 413, 414, 415, 416, 417, 418],
  ]);
  for (const { code, status = "", meaning } of DELIVERY_CODES) {
    const row = page.split(`id="delivery-code-${code}"`)[1]?.split("</tr>")[0] ?? "";
    for (
      const text of [`<td>${code}</td>`, `<td>${status}</td>`, meaning.replaceAll("'", "&#39;")]
    ) {
      assertStringIncludes(row, text);
    }
  }
});

Deno.test("the errors page lists every code by whose action it needs", async () => {
  const { request } = await testGateway();
  const page = await (await request(PATHS.errors)).text();
  const [, ...lists] = page.split('<h2 id="faults">')[1]?.split("</dl>")[0]?.split("<dd>") ?? [];
  const listed = lists.map((list) => [...list.matchAll(/href="#(\w+)"/g)].map(([, code]) => code));
  const expected = ["caller", "gateway", "upstream", "issuer"].map((fault) =>
    Object.entries(CATALOG).filter(([, entry]) => entry.fault === fault).map(([code]) => code)
  );
  assertEquals(listed.map((codes) => codes.toSorted()), expected.map((codes) => codes.toSorted()));
});

for (
  const [status, code, anchor] of [
    [403, "unknown_group", "unknown_group"],
    [403, "code_of_tomorrow", "status-403"],
    [400, "constructor", "status-400"],
    [422, "code_of_tomorrow", "status-other"],
    [451, "code_of_tomorrow", "status-other"],
    [404, "gone", "status-404"],
  ] as const
) {
  Deno.test(`an upstream ${status} ${code} links to ${anchor}, which exists on the page`, async () => {
    const { request } = await testGateway({
      upstream: () => jsonReply(status, { code, text: "text" }),
    });
    const response = await request(BATCHES);
    assertEquals(response.headers.get("link"), `</docs/errors#${anchor}>; rel="help"`);
    assertStringIncludes(await (await request(PATHS.errors)).text(), `id="${anchor}"`);
  });
}

Deno.test("the gateway's errors link to their code, and successes have no Link", async () => {
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
