import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { exchangeRaw, rawRequest } from "../support/raw_client.ts";
import type { Steps } from "./suite.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

/** Request headers that may be forwarded; an HTTP client adds those of the last row. */
// deno-fmt-ignore -- rows
const FORWARDED = new Set([
  "accept", "accept-encoding", "accept-language", "content-type", "user-agent",
  "authorization", "x-request-id", "traceparent", "tracestate",
  "host", "connection", "content-length", "transfer-encoding", "sec-fetch-mode",
]);

/** Response headers of the upstream that must not reach the caller. */
const NOT_RETURNED = /^(set-cookie|server|via|x-hop|traceparent|www-authenticate|strict-.*)$/;

/** Contract §4. */
export const HEADERS: Steps = {
  "only allowed headers are forwarded, with the gateway's own credential": async (world) => {
    const headers = [
      `Authorization: Bearer ${await world.issuer.token()}`,
      "Accept: application/json",
      "Accept-Language: sv",
      "Accept-Encoding: br",
      "User-Agent: caller/1",
      "Cookie: a=b",
      "Forwarded: for=1.2.3.4",
      "X-Forwarded-For: 1.2.3.4",
      "X-Custom: 1",
      "TE: trailers",
      "Proxy-Authorization: Basic eA==",
      "Baggage: a=b",
    ];
    const target = `${BATCHES}?reply=unspaced`;
    const port = Number(new URL(world.url).port);
    assertEquals((await exchangeRaw(port, rawRequest("GET", target, headers))).status, 200);
    const [sent] = world.upstream.taken();
    assert(sent);
    assertEquals(sent.headers.map(([name]) => name).filter((name) => !FORWARDED.has(name)), []);
    const valuesOf = (wanted: string) =>
      sent.headers.filter(([name]) => name === wanted).map(([, value]) => value);
    assertEquals(valuesOf("authorization"), ["Bearer credential-of-plan-1"]);
    assertEquals(valuesOf("accept"), ["application/json"]);
    assertEquals(valuesOf("accept-language"), ["sv"]);
    assertEquals(valuesOf("user-agent"), ["caller/1"]);
    assertEquals(valuesOf("accept-encoding"), ["identity"]);
    assertEquals(valuesOf("host"), [new URL(world.upstream.url).host]);
  },

  "only the upstream's representation headers reach the caller": async ({ request }) => {
    const { headers, body } = await request(`${BATCHES}?reply=headers`);
    await body?.cancel();
    assertEquals([...headers.keys()].filter((name) => NOT_RETURNED.test(name)), []);
    assertEquals(headers.get("etag"), '"kept"');
    assertEquals(headers.get("content-type"), "application/json");
    assertEquals(headers.has("x-error-origin"), false);
    assertMatch(headers.get("x-request-id") ?? "", ULID);
  },

  "www-authenticate is lower case on the wire, if the runtime keeps it, as the Java SDK requires":
    async (
      world,
    ) => {
      const port = Number(new URL(world.url).port);
      const expired = `Authorization: Bearer ${await world.issuer.token({ expiresInS: -60 })}`;
      for (const headers of [[], [expired]]) {
        const { status, head } = await exchangeRaw(port, rawRequest("GET", BATCHES, headers));
        assertEquals(status, 401);
        const challenge = world.traits.keepsHeaderNames ? "www-authenticate" : "WWW-Authenticate";
        assertStringIncludes(head, `\r\n${challenge}: Bearer realm="`);
        assertStringIncludes(head, "\r\nx-request-id: ");
      }
    },

  "an encoded body matches its Content-Encoding, whether or not the runtime decodes it": async (
    { request },
  ) => {
    for (const coding of ["gzip", "br", "deflate"]) {
      const { headers, body } = await request(`${BATCHES}?reply=${coding}`, {
        headers: { "accept-encoding": "identity" }, // else the test's fetch decodes the body
      });
      const declared = headers.get("content-encoding") ?? "identity";
      assert(declared === "identity" || declared === coding, declared);
      assertEquals(await decoded(declared, body), '{"zipped":true}');
    }
  },

  "a valid request id is forwarded and returned": async ({ request, upstream }) => {
    const id = "A_usable-id-1";
    const response = await request(`${BATCHES}?reply=unspaced`, {
      headers: { "x-request-id": id },
    });
    await response.body?.cancel();
    const [sent] = upstream.taken();
    assertEquals(response.headers.get("x-request-id"), id);
    assertEquals(sent?.headers.find(([name]) => name === "x-request-id")?.[1], id);
  },

  "an invalid request id is replaced, also on refusals": async ({ request }) => {
    for (const id of ["has space", "x".repeat(129), "a.b", ""]) {
      const response = await request("/nowhere", { headers: { "x-request-id": id } });
      assertMatch(response.headers.get("x-request-id") ?? "", ULID);
    }
  },

  "exactly one traceparent is forwarded, in the caller's trace": async ({ request, upstream }) => {
    const traceparent = `00-${TRACE_ID}-00f067aa0ba902b7-01`;
    const response = await request(`${BATCHES}?reply=unspaced`, {
      headers: { traceparent, tracestate: "vendor=1" },
    });
    await response.body?.cancel();
    const [sent] = upstream.taken();
    const parents = sent?.headers.filter(([name]) => name === "traceparent") ?? [];
    assertEquals(parents.length, 1);
    const [version, traceId, parentId, flags] = parents[0]?.[1].split("-") ?? [];
    assertEquals([version, traceId, flags], ["00", TRACE_ID, "01"]);
    assertMatch(parentId ?? "", /^[0-9a-f]{16}$/);
    assert(parentId !== "00f067aa0ba902b7");
    assertEquals(sent?.headers.find(([name]) => name === "tracestate")?.[1], "vendor=1");
  },

  "an invalid traceparent is ignored, and a new trace is started": async (
    { request, upstream },
  ) => {
    const response = await request(`${BATCHES}?reply=unspaced`, {
      headers: { traceparent: "00-00000000000000000000000000000000-0000000000000000-01" },
    });
    await response.body?.cancel();
    const sent = upstream.taken()[0]?.headers.find(([name]) => name === "traceparent")?.[1] ?? "";
    assertMatch(sent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assertNotMatch(sent, /^00-0{32}/);
  },
};

async function decoded(coding: string, body: Response["body"]): Promise<string> {
  const bytes = new Uint8Array(await new Response(body).arrayBuffer());
  return new TextDecoder().decode(DECODERS[coding]?.(bytes) ?? bytes);
}

const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  deflate: inflateSync,
};
