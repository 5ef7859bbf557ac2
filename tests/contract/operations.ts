import { assertEquals } from "@std/assert";
import { OPERATIONS as TABLE } from "../../operations.ts";
import { exchangeRaw, rawRequest } from "../support/raw_client.ts";
import type { Steps } from "./suite.ts";
import type { World } from "./world.ts";

const PLAN = "/xms/v1/plan-1";
const JSON_TYPE = { "content-type": "application/json" };

/** Parameter → an unusual valid value. */
const VALUES: Readonly<Record<string, string>> = {
  service_plan_id: "plan-1",
  batch_id: "01FC66621-_x",
  group_id: "01FC66621-_x",
  inbound_id: "01FC66621-_x",
  recipient_msisdn: "%2B12025550142",
};

/** Targets that match no operation; `raw` ones need a runtime that keeps the raw target. */
const UNKNOWN: readonly [target: string, raw: boolean][] = [
  ["/", false],
  ["/xms/v1/plan-1", false],
  ["/xms/v2/plan-1/batches", false],
  [`${PLAN}/batches/`, false],
  [`/${PLAN}/batches`, false],
  [`${PLAN}/batches/a.b`, false],
  [`${PLAN}/batches/a%2Fb`, false],
  [`${PLAN}/batches/a%5Cb`, false],
  [`${PLAN}/batches/..%2f..%2fplan-2`, false],
  [`${PLAN}/batches/x/delivery_report/abc`, false],
  [`${PLAN}/batches/x/unknown`, false],
  ["/xms/v1/plan-2/../plan-1/batches", true],
  [`${PLAN}/groups/../batches`, true],
  [`${PLAN}/batches/%2e%2e/groups`, true],
];

/** Contract §1. */
export const OPERATIONS: Steps = {
  "every operation is forwarded with its method and path, and its success is returned": async (
    { request, upstream },
  ) => {
    for (const { method, path } of TABLE) {
      const target = path.replace(/\{(\w+)\}/g, (_, name) => VALUES[name] ?? "");
      const sends = method === "POST" || method === "PUT";
      const response = await request(`${target}?reply=unspaced`, {
        method,
        ...(sends && { headers: JSON_TYPE, body: "{}" }),
      });
      await response.body?.cancel();
      assertEquals(response.status, 200, `${method} ${path}`);
      const [sent, ...more] = upstream.taken();
      assertEquals([sent?.method, sent?.target, sent?.body, more.length], [
        method,
        `${target}?reply=unspaced`,
        sends ? "{}" : "",
        0,
      ]);
    }
  },

  "a batch is sent, found, changed and cancelled": async ({ request }) => {
    const body = JSON.stringify({ from: "12345", to: ["12025550142"], body: "Hello" });
    const sent = await request(`${PLAN}/batches`, { method: "POST", headers: JSON_TYPE, body });
    assertEquals(sent.status, 201);
    const { id } = await sent.json();
    const found = await request(`${PLAN}/batches/${id}`);
    assertEquals([found.status, (await found.json()).body], [200, "Hello"]);
    const changed = await request(`${PLAN}/batches/${id}`, {
      method: "POST",
      headers: JSON_TYPE,
      body: '{"body":"Bye"}',
    });
    assertEquals([changed.status, (await changed.json()).body], [200, "Bye"]);
    const cancelled = await request(`${PLAN}/batches/${id}`, { method: "DELETE" });
    assertEquals([cancelled.status, (await cancelled.json()).canceled], [200, true]);
  },

  "HEAD is served wherever GET is, without a body": async ({ request, upstream }) => {
    const response = await request(`${PLAN}/batches?reply=unspaced`, { method: "HEAD" });
    assertEquals([response.status, await response.text()], [200, ""]);
    assertEquals(upstream.taken().map(({ method }) => method), ["GET"]);
  },

  "a query is forwarded unchanged": async ({ request, upstream }) => {
    const query = "?page=0&to=%2B46701234567&to=12345&a=%20+%zz&&=&%61=%2F..%2F&reply=unspaced";
    const response = await request(`${PLAN}/batches${query}`);
    await response.body?.cancel();
    assertEquals(upstream.taken().map(({ target }) => target), [`${PLAN}/batches${query}`]);
  },

  "a body is forwarded byte for byte": async ({ request, upstream }) => {
    const body = '{ "body" : "café \\u0000 😀", "n": 1.0e3, "n": 2 }\r\n';
    const target = `${PLAN}/batches?reply=unspaced`;
    const response = await request(target, { method: "POST", headers: JSON_TYPE, body });
    await response.body?.cancel();
    assertEquals(upstream.taken().map((sent) => sent.body), [body]);
  },

  "a path that matches no operation is 404 without a body and never forwarded": async (world) => {
    for (const [target, raw] of UNKNOWN) {
      if (raw && !world.traits.rawTargets) continue;
      await assertUnknown(world, target);
    }
  },
};

async function assertUnknown({ url, issuer, upstream }: World, target: string): Promise<void> {
  const headers = [`Authorization: Bearer ${await issuer.token()}`];
  const answer = await exchangeRaw(Number(new URL(url).port), rawRequest("GET", target, headers));
  assertEquals([answer.status, answer.body], [404, ""], target);
  assertEquals(answer.headers.get("content-length"), "0", target);
  assertEquals(answer.headers.get("x-error-origin"), "gateway", target);
  assertEquals(upstream.taken(), []);
}
