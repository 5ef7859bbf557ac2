import { assertEquals } from "@std/assert";
import type { CallerAnswer } from "./keyed_callers.ts";
import { type RawUpstream, rawUpstream, type SeenRequest, type Wire } from "./raw_upstream.ts";

/** An API that answers each POST after 10 ms, with an id that no other answer has. */
export function countingUpstream(): Promise<RawUpstream> {
  return rawUpstream({ onRequest: (request, wire) => void setTimeout(answer, 10, request, wire) });
}

function answer({ method }: SeenRequest, wire: Wire): void {
  wire.reply(method === "POST" ? 201 : 200, { id: crypto.randomUUID().replaceAll("-", "") });
}

/** Message → how often it reached the API. */
export function timesSent({ seen }: RawUpstream): Map<string, number> {
  const times = new Map<string, number>();
  for (const { method, body } of seen) {
    if (method !== "POST") continue;
    const id = String(JSON.parse(body).body);
    times.set(id, (times.get(id) ?? 0) + 1);
  }
  return times;
}

/** Fails unless each message was answered 201 and reached the API exactly once. */
export function assertSentOnce(answers: readonly CallerAnswer[], upstream: RawUpstream): void {
  const times = timesSent(upstream);
  const last = new Map(answers.map((answer) => [answer.id, answer]));
  const unanswered = [...last.values()].filter(({ status }) => status !== 201);
  assertEquals(unanswered.map(({ id, status, code }) => [id, status, code]), [], "not sent");
  const wrong = [...last.keys()].filter((id) => times.get(id) !== 1);
  assertEquals(wrong.map((id) => [id, times.get(id) ?? 0]), [], "not sent exactly once");
}
