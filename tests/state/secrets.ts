import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { TransportError } from "../../errors/transport_error.ts";
import type { StateStore } from "../../state/store.ts";
import { jsonReply, testGateway } from "../support/gateway.ts";

const KEY = "key-of-a-caller-4711";
const MESSAGE = {
  to: ["+12025550123"],
  body: "the text of a message",
  client_reference: "reference-0815",
};

/** What must not be in a store, as text, in hex or in Base64. */
const SECRETS = [
  KEY,
  "service-a", // the subject
  "issuer.test",
  "12025550123",
  "the text of",
  "reference-0815",
  "01ABCANSWER",
  "credential-of-plan-1",
];

/**
 * Sends messages with every outcome that is stored, and replays one.
 */
export async function sendEveryOutcome(store: StateStore): Promise<void> {
  const gateway = await testGateway({
    deps: { store },
    upstream: ({ body }) => {
      const text = new TextDecoder().decode(body ?? undefined);
      if (text.includes("timeout")) throw new TransportError(true, "timeout", { cause: "x" });
      if (text.includes("never")) return new Promise(() => {});
      return jsonReply(201, { ...MESSAGE, id: "01ABCANSWER" });
    },
  });
  const send = (what: string) =>
    gateway.request("/xms/v1/plan-1/batches", {
      method: "POST",
      body: JSON.stringify({ ...MESSAGE, what }),
      headers: { "content-type": "application/json", "idempotency-key": `${KEY} ${what}` },
    });
  assertEquals((await send("answered")).headers.get("idempotent-replayed"), null);
  let repeat = await send("answered");
  for (let n = 0; n < 100 && repeat.status === 409; n++) { // the outcome is being written
    await delay(10);
    repeat = await send("answered");
  }
  assertEquals(repeat.headers.get("idempotent-replayed"), "true");
  assertEquals((await send("timeout")).status, 504);
  void send("never");
  while (gateway.sent.length < 3) await delay(1);
}

/** Fails if a dump of a store has a secret in it, or has no records. */
export function assertNoSecrets(dump: Uint8Array, records: number): void {
  assertEquals(records, 3);
  const text = new TextDecoder("latin1").decode(dump).toLowerCase();
  for (const secret of SECRETS) {
    const hex = [...new TextEncoder().encode(secret)].map((byte) => byte.toString(16)).join("");
    const base64 = [0, 1, 2].map((shift) => btoa(" ".repeat(shift) + secret).slice(4, 12));
    for (const form of [secret, hex, ...base64]) {
      assert(!text.includes(form.toLowerCase()), `${form} of ${secret}`);
    }
  }
}
