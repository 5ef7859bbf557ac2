import { assert, assertEquals } from "@std/assert";
import { startTokenEndpoint, tokenAnswer, type TokenEndpoint } from "../support/token_endpoint.ts";
import { assertError } from "./errors.ts";
import type { Steps } from "./suite.ts";
import { CREDENTIALS, type GatewayUnderTest, type World } from "./world.ts";

const BATCHES = "/xms/v1/plan-1/batches";

/** A gateway whose first plan has client credentials. */
function startWithClient(world: World, endpoint: TokenEndpoint): Promise<GatewayUnderTest> {
  return world.start({
    SERVICE_PLANS: '{"plan-1":{"key_id":"key","key_secret":"secret"}}',
    SMS_AUTH_URL: endpoint.url,
  });
}

export const CREDENTIALS_CHAPTER: Steps = {
  "a plan with client credentials is served with a token, which is fetched once": async (world) => {
    await using endpoint = startTokenEndpoint(() => tokenAnswer(CREDENTIALS["plan-1"]));
    await using gateway = await startWithClient(world, endpoint);
    for (let sent = 0; sent < 2; sent++) {
      const requests = [1, 2, 3].map(() => world.request(BATCHES, { url: gateway.url }));
      for (const response of await Promise.all(requests)) {
        await response.body?.cancel();
        assertEquals(response.status, 200);
      }
    }
    const expected = [{
      authorization: `Basic ${btoa("key:secret")}`,
      body: "grant_type=client_credentials",
    }];
    assertEquals(endpoint.requests, expected);
  },

  "a new token that the API refuses is 503, and none is fetched for the next request": async (
    world,
  ) => {
    await using endpoint = startTokenEndpoint(() => tokenAnswer("another-token"));
    await using gateway = await startWithClient(world, endpoint);
    for (let sent = 0; sent < 3; sent++) {
      const response = await world.request(BATCHES, { url: gateway.url });
      await assertError(response, {
        status: 503,
        code: "upstream_credentials_rejected",
        origin: "upstream",
      });
    }
    // Not one for each request; that at the start may have been too long ago.
    assert(endpoint.requests.length <= 2);
  },

  "a token endpoint that fails is 503, nothing is sent, and it is left alone": async (world) => {
    await using endpoint = startTokenEndpoint(() => new Response("<html>", { status: 500 }));
    await using gateway = await startWithClient(world, endpoint);
    for (let sent = 0; sent < 3; sent++) {
      const response = await world.request(BATCHES, { url: gateway.url });
      assert(Number(response.headers.get("retry-after")) >= 1);
      await assertError(response, {
        status: 503,
        code: "upstream_credentials_unavailable",
        origin: "gateway",
      });
    }
    assertEquals(world.upstream.taken(), []);
    assert(endpoint.requests.length <= 2); // the cooldown after that at the start may have ended
  },
};
