import { assertEquals } from "@std/assert";
import type { Answer, CallOptions } from "./client.ts";
import { call } from "./client.ts";
import type { GatewayProcess } from "./gateway_process.ts";
import type { RawUpstream, SeenRequest, Wire } from "./raw_upstream.ts";
import { rawUpstream } from "./raw_upstream.ts";

/** The text of messages that the API refuses. */
export const REFUSED = "refused";

/** An API that accepts each POST after 10 ms, but for messages with the text {@linkcode REFUSED}. */
export function refusingApi(): Promise<RawUpstream> {
  return rawUpstream({ onRequest: (request, wire) => void setTimeout(answer, 10, request, wire) });
}

function answer({ body }: SeenRequest, wire: Wire): void {
  if (JSON.parse(body).body === REFUSED) {
    wire.reply(403, { code: "unknown_campaign", text: "no" });
  } else wire.reply(201, { id: crypto.randomUUID().replaceAll("-", "") });
}

/** Message parts that the API has accepted; each message of the drills has one part. */
export function partsAccepted({ seen }: RawUpstream): number {
  return seen.map(({ body }) => JSON.parse(body)).filter(({ body }) => body !== REFUSED)
    .reduce((sum, { to }) => sum + to.length, 0);
}

/** The setting `POLICIES` with one budget for all callers. */
export function budgetFor(messages: Record<string, number>): string {
  return JSON.stringify([{ name: "drill", callers: ["*"], messages }]);
}

/** Sends a message of one part to so many recipients. */
export function sendTo(
  gateway: GatewayProcess,
  recipients: number,
  { text = "hello", ...options }: CallOptions & { text?: string } = {},
): Promise<Answer> {
  const to = Array.from({ length: recipients }, (_, index) => `4670${1_000_000 + index}`);
  const json = { from: "12345", to, body: text };
  return gateway.call("/batches", { method: "POST", json, ...options });
}

/** What `GET /usage` says of the only budget. */
export async function usage(
  gateway: GatewayProcess,
  token = gateway.token,
): Promise<{ used: number; left: number; countedBy: string }> {
  const { status, text } = await call(gateway.port, "/usage", { token });
  assertEquals(status, 200, text);
  const { budgets: [{ used, left }], counted_by: countedBy } = JSON.parse(text);
  return { used, left, countedBy };
}
