import { assertEquals } from "@std/assert";
import { testSandbox } from "./kit.ts";

const HOUR_MS = 3_600_000;

Deno.test("every service plan starts with inbound messages of each kind, newest first", async () => {
  const { call } = testSandbox();
  const { body } = await call("GET", "/inbounds");
  const types = body.inbounds.map(({ type }: { type: string }) => type);
  assertEquals(types, ["mo_text", "mo_text", "mo_binary", "mo_media"]);
  const times = body.inbounds.map((one: { received_at: string }) => one.received_at);
  assertEquals(times, times.toSorted().toReversed());
  for (const inbound of body.inbounds) {
    assertEquals((await call("GET", `/inbounds/${inbound.id}`)).body, inbound);
  }
});

Deno.test("inbound messages are listed filtered and in pages", async () => {
  const { call, tick, at } = testSandbox();
  const cases: [query: string, count: number, pageSize: number][] = [
    ["", 4, 4],
    ["to=54321", 2, 2],
    ["to=54321,%2B12025550199", 4, 4],
    ["to=99999", 0, 0],
    ["client_reference=appointment-17", 1, 1],
    [`start_date=${at(-15 * 60_000)}`, 2, 2],
    [`end_date=${at(-15 * 60_000)}`, 2, 2],
    ["page_size=3", 4, 3],
    ["page_size=3&page=1", 4, 1],
  ];
  for (const [query, count, pageSize] of cases) {
    const { body } = await call("GET", `/inbounds?${query}`);
    assertEquals([body.count, body.page_size], [count, pageSize], query);
  }
  tick(25 * HOUR_MS);
  assertEquals((await call("GET", "/inbounds")).body.count, 0);
  assertEquals((await call("GET", "/inbounds?start_date=2026-03-01")).body.count, 4);
});

Deno.test("an unknown inbound message is 404 without a body", async () => {
  const { call } = testSandbox();
  const { status, body } = await call("GET", "/inbounds/UNKNOWN");
  assertEquals([status, body], [404, ""]);
});
