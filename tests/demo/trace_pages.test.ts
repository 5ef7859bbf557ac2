import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { STYLE_PATH, TRACES } from "../../demo/paths.ts";
import { tracePages } from "../../demo/trace_pages.ts";
import { TRACES_STYLE } from "../../demo/traces_style.ts";
import { PATHS } from "../../reference/paths.ts";
import { testGateway } from "../support/gateway.ts";
import { record, recording } from "./kit.ts";

/** Serves the pages before a handler that answers with the path that reached it. */
function served() {
  const { store, tracer } = recording();
  const fetch = tracePages(({ url }) => new Response(`gateway ${new URL(url).pathname}`), store);
  const get = (path: string, init: RequestInit = {}) =>
    fetch(new Request(`http://gateway.test${path}`, init));
  return { tracer, get };
}

Deno.test("the pages show each request as soon as it has ended", async () => {
  const { tracer, get } = served();
  const id = record(tracer, { name: "a request", from: 0, to: 1 });
  for (const path of [TRACES, `${TRACES}/${id}`]) {
    const response = await get(path);
    assertEquals([response.status, response.headers.get("cache-control")], [200, "no-store"]);
    assertMatch(response.headers.get("content-type") ?? "", /^text\/html; charset=utf-8$/i);
    assertStringIncludes(await response.text(), "a request");
  }
});

Deno.test("the page of a trace has the traces that link to it, the earliest first", async () => {
  const { tracer, get } = served();
  const id = record(tracer, { name: "a send", from: 0, to: 1 });
  const context = { traceId: id, spanId: "b7ad6b7169203331", traceFlags: 1 };
  for (const name of ["a repeat", "a callback"]) {
    record(tracer, { name, from: 2, to: 3, links: [{ context }] });
  }
  record(tracer, { name: "something else", from: 4, to: 5 });
  const page = await (await get(`${TRACES}/${id}`)).text();
  const names = [...page.matchAll(/>(a \w+|something else)<\/a>/g)].map(([, name]) => name);
  assertEquals(names, ["a send", "a repeat", "a callback"]);
});

Deno.test("every page has the security headers of the reference", async () => {
  const { get } = served();
  const { request } = await testGateway();
  const reference = (await request(PATHS.errors)).headers;
  const names = ["content-security-policy", "x-content-type-options", "referrer-policy"];
  for (const path of [TRACES, `${TRACES}/unknown`, STYLE_PATH]) {
    const { headers } = await get(path);
    for (const name of names) assertEquals(headers.get(name), reference.get(name), path);
  }
  assertMatch(reference.get("content-security-policy") ?? "", /default-src 'none'/);
});

Deno.test("an unknown trace is 404, with a page", async () => {
  const { get } = served();
  for (const id of ["0af7651916cd43dd8448eb211c80319c", "nonsense", "a/b", "%3Cscript%3E"]) {
    const response = await get(`${TRACES}/${id}`);
    assertEquals(response.status, 404, id);
    assertStringIncludes(await response.text(), "Unknown trace");
  }
});

Deno.test("the style sheet has its own path, and a HEAD has no body", async () => {
  const { get } = served();
  const response = await get(STYLE_PATH);
  assertEquals(response.headers.get("content-type"), "text/css; charset=utf-8");
  assertEquals(await response.text(), TRACES_STYLE);
  const head = await get(TRACES, { method: "HEAD" });
  assertEquals([head.status, await head.text()], [200, ""]);
});

Deno.test("every other path reaches the gateway", async () => {
  const { get } = served();
  for (const path of ["/", "/docs", "/demo", "/demo/tracesX", "/xms/v1/demo/traces"]) {
    assertEquals(await (await get(path)).text(), `gateway ${path}`);
  }
});

Deno.test("the gateway itself has no page of traces", async () => {
  const { request } = await testGateway();
  for (const path of [TRACES, STYLE_PATH]) assertEquals((await request(path)).status, 404);
});
