import { assertEquals, assertMatch } from "@std/assert";
import { refusedPort } from "../support/raw_upstream.ts";
import { assertError } from "./errors.ts";
import type { Steps } from "./suite.ts";
import type { World } from "./world.ts";

const FORM = "application/x-www-form-urlencoded";
const BODY = "grant_type=client_credentials&scope=a&scope=b";
const ISSUED = '{"access_token":"a","expires_in":60,"scope":"s","token_type":"bearer"}';

/** Starts a gateway with a token endpoint that answers so. */
async function withIssuer(
  world: World,
  answer: (request: Request) => Response | Promise<Response>,
  run: (ask: (init?: RequestInit) => Promise<Response>) => Promise<void>,
  timeoutMs?: number,
): Promise<void> {
  await using issuer = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, answer);
  await withUrl(world, `http://127.0.0.1:${issuer.addr.port}/token`, run, timeoutMs);
}

async function withUrl(
  world: World,
  url: string,
  run: (ask: (init?: RequestInit) => Promise<Response>) => Promise<void>,
  timeoutMs = 5_000,
): Promise<void> {
  await using gateway = await world.start({
    AUTH_TOKEN_URL: url,
    AUTH_TOKEN_TIMEOUT_MS: String(timeoutMs),
  });
  await run((init = {}) =>
    world.request("/oauth2/token", {
      method: "POST",
      headers: { "content-type": FORM, authorization: `Basic ${btoa("a:b")}` },
      body: BODY,
      url: gateway.url,
      ...init,
    })
  );
}

/** Contract §8: the token endpoint of the company's issuer. */
export const TOKEN_ENDPOINT: Steps = {
  "without AUTH_TOKEN_URL a token request is 404": async ({ request }) => {
    const response = await request("/oauth2/token", {
      method: "POST",
      headers: { "content-type": FORM },
      body: BODY,
    });
    assertEquals([response.status, await response.text()], [404, ""]);
  },

  "a token request and its reply are passed on byte by byte": async (world) => {
    const received: unknown[] = [];
    await withIssuer(world, async (request) => {
      received.push([request.headers.get("authorization"), await request.text()]);
      return new Response(ISSUED);
    }, async (ask) => {
      const response = await ask();
      assertEquals([response.status, await response.text()], [200, ISSUED]);
      // Deno 2.5 would compress it, which the gateway forbids: then there is a second directive.
      assertMatch(response.headers.get("cache-control") ?? "", /^no-store(, no-transform)?$/);
      assertEquals(received, [[`Basic ${btoa("a:b")}`, BODY]]);
    });
  },

  "an error of the issuer is passed on byte by byte": async (world) => {
    const body = '{"error":"invalid_client"}';
    await withIssuer(world, () => new Response(body, { status: 401 }), async (ask) => {
      const response = await ask();
      assertEquals([response.status, await response.text()], [401, body]);
    });
  },

  "an issuer that is too slow is 504, and its redirect is not followed": async (world) => {
    const slow = () => new Response(new ReadableStream({ start() {} }));
    await withIssuer(world, slow, async (ask) => {
      const expected = { status: 504, code: "token_endpoint_timeout", origin: "gateway" } as const;
      await assertError(await ask(), expected);
    }, 700);
    const moved = () => new Response(null, { status: 307, headers: { location: "/other" } });
    await withIssuer(world, moved, async (ask) => {
      const expected = { status: 502, code: "token_endpoint_failed", origin: "gateway" } as const;
      await assertError(await ask(), expected);
    });
  },

  "an issuer that cannot be reached is 503, where the runtime tells": async (world) => {
    await withUrl(world, `http://127.0.0.1:${refusedPort()}/`, async (ask) => {
      const expected = world.traits.provesUnsent
        ? { status: 503, code: "token_endpoint_unavailable", origin: "gateway" } as const
        : { status: 502, code: "token_endpoint_failed", origin: "gateway" } as const;
      await assertError(await ask(), expected);
    });
  },

  "a token request that is no form is 415, by another method 405": async (world) => {
    await withIssuer(world, () => new Response(ISSUED), async (ask) => {
      await assertError(
        await ask({ headers: { "content-type": "application/json" } }),
        { status: 415, code: "unsupported_media_type", origin: "gateway" },
      );
      await assertError(
        await ask({ method: "GET", body: null }),
        { status: 405, code: "method_not_allowed", origin: "gateway" },
      );
    });
  },
};
