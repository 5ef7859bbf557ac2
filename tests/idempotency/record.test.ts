import { assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { decide, type Decision } from "../../idempotency/decision.ts";
import { decodeRecord, encodeRecord, type RecordedOutcome } from "../../idempotency/record.ts";
import { deriveKeys, type KeyScope, type RequestIdentity } from "../../idempotency/request_keys.ts";
import { type RememberedAnswer, seal, unseal } from "../../idempotency/seal.ts";

const encoder = new TextEncoder();
const SPAN = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  traceFlags: 1,
};
const SCOPE: KeyScope = {
  issuer: "https://issuer.test",
  subject: "service-a",
  servicePlanId: "plan-1",
  operation: "sendBatch",
  source: "header",
  isTest: false,
  key: "key-1",
};
const REQUEST: RequestIdentity = {
  method: "POST",
  path: "/xms/v1/plan-1/batches",
  query: "",
  body: encoder.encode('{"to":["+12025550123"]}'),
};
const FINGERPRINT = new Uint8Array(16).fill(7);
const ANSWER: RememberedAnswer = {
  status: 201,
  headers: [["content-type", "application/json"]],
  content: { body: encoder.encode('{"id":"01ABC"}') },
};

Deno.test("only the same request of the same caller derives the same keys", () => {
  const keys = deriveKeys(SCOPE, REQUEST);
  assertEquals(deriveKeys({ ...SCOPE }, { ...REQUEST }), keys);
  const others: readonly (readonly [KeyScope, RequestIdentity])[] = [
    [{ ...SCOPE, issuer: "https://issuer.test/" }, REQUEST],
    [{ ...SCOPE, subject: undefined }, REQUEST],
    [{ ...SCOPE, subject: 'service-a","plan-1' }, REQUEST],
    [{ ...SCOPE, servicePlanId: "plan-2" }, REQUEST],
    [{ ...SCOPE, operation: "dryRun" }, REQUEST],
    [{ ...SCOPE, source: "client_reference" }, REQUEST],
    [{ ...SCOPE, key: "key-2" }, REQUEST],
  ];
  for (const [scope, request] of others) {
    const other = deriveKeys(scope, request);
    for (const name of ["recordKey", "fingerprint", "sealKey"] as const) {
      assertNotEquals(other[name], keys[name], `${name} ${JSON.stringify(scope)}`);
    }
  }
});

Deno.test("another method, path, query or body finds the same record, with another fingerprint", () => {
  const keys = deriveKeys(SCOPE, REQUEST);
  for (
    const part of [{ method: "PUT" }, { path: "/x" }, { query: "a=1" }, { body: new Uint8Array() }]
  ) {
    const other = deriveKeys(SCOPE, { ...REQUEST, ...part });
    assertEquals(other.recordKey, keys.recordKey);
    assertNotEquals(other.fingerprint, keys.fingerprint);
    assertNotEquals(other.sealKey, keys.sealKey);
  }
});

Deno.test("a sealed answer is read with its key alone, and holds nothing in the clear", () => {
  const { sealKey } = deriveKeys(SCOPE, REQUEST);
  const sealed = seal(ANSWER, sealKey);
  assertEquals(unseal(sealed, sealKey), ANSWER);
  assertEquals(new TextDecoder("latin1").decode(sealed).includes("01ABC"), false);
  assertNotEquals(seal(ANSWER, sealKey), sealed); // another nonce
  assertEquals(unseal(sealed, new Uint8Array(32)), undefined);
  for (const at of sealed.keys()) {
    const damaged = sealed.map((byte, index) => index === at ? byte ^ 1 : byte);
    assertEquals(unseal(damaged, sealKey), undefined, `byte ${at}`);
  }
  for (const length of [0, 1, 12, 28, sealed.length - 1]) {
    assertEquals(unseal(sealed.subarray(0, length), sealKey), undefined);
  }
});

Deno.test("answers without a body, and those remembered by id, are sealed too", () => {
  const key = new Uint8Array(32).fill(1);
  for (const content of [{ body: new Uint8Array() }, { id: "01ABC" }]) {
    const answer = { status: 202, headers: [], content };
    assertEquals(unseal(seal(answer, key), key), answer);
  }
});

const OUTCOMES: readonly RecordedOutcome[] = [
  { kind: "pending" },
  { kind: "unknown", code: "upstream_timeout" },
  { kind: "answered", sealed: new Uint8Array([1, 2, 3]) },
];

Deno.test("a record is decoded as it was encoded", () => {
  for (const outcome of OUTCOMES) {
    const decoded = decodeRecord(encodeRecord({ fingerprint: FINGERPRINT, span: SPAN, outcome }));
    assertEquals(decoded?.span, SPAN);
    assertEquals(new Uint8Array(decoded?.fingerprint ?? []), FINGERPRINT);
    assertEquals(decoded?.outcome.kind, outcome.kind);
    if (decoded?.outcome.kind === "answered" && outcome.kind === "answered") {
      assertEquals(new Uint8Array(decoded.outcome.sealed), outcome.sealed);
    } else assertEquals(decoded?.outcome, outcome);
  }
});

Deno.test("no bytes in the store make decodeRecord throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (value) => void decodeRecord(value)));
  assertEquals(decodeRecord(new Uint8Array([2, 0, ...new Uint8Array(60)])), undefined);
});

/** Outcome, whether its lease has expired, whether it is the same request → what is done. */
const DECISIONS: readonly [
  outcome: RecordedOutcome,
  leaseExpired: boolean,
  same: boolean,
  action: Decision["action"],
  code?: string,
][] = [
  [{ kind: "pending" }, false, true, "in_use"],
  [{ kind: "pending" }, true, true, "find_out", "upstream_connection_lost"],
  [{ kind: "pending" }, false, false, "reused"],
  [{ kind: "pending" }, true, false, "reused"],
  [{ kind: "unknown", code: "upstream_timeout" }, true, true, "find_out", "upstream_timeout"],
  [{ kind: "unknown", code: "upstream_failed" }, false, true, "find_out", "upstream_failed"],
  [{ kind: "unknown", code: "upstream_timeout" }, true, false, "reused"],
  [{ kind: "answered", sealed: new Uint8Array(9) }, true, true, "replay"],
  [{ kind: "answered", sealed: new Uint8Array(9) }, false, true, "replay"],
  [{ kind: "answered", sealed: new Uint8Array(9) }, true, false, "reused"],
];

Deno.test("what is done with a key that has a record depends on the record and the request", () => {
  for (const [outcome, leaseExpired, same, action, code] of DECISIONS) {
    const decision = decide({
      token: "t",
      value: encodeRecord({ fingerprint: FINGERPRINT, span: SPAN, outcome }),
      settled: outcome.kind === "answered",
      leaseExpired,
      ageMs: 1,
    }, same ? FINGERPRINT : new Uint8Array(16));
    const note = JSON.stringify([outcome, leaseExpired, same]);
    assertEquals(decision.action, action, note);
    if (decision.action === "find_out") assertEquals(decision.code, code, note);
  }
});

Deno.test("a record of another version is never a reason to send", () => {
  const value = new Uint8Array([9, 9, 9]);
  const decision = decide(
    { token: "t", value, settled: true, leaseExpired: true, ageMs: 1 },
    FINGERPRINT,
  );
  assertEquals(decision, {
    action: "find_out",
    record: undefined,
    code: "upstream_connection_lost",
  });
});
