import { assert, assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import { errors } from "jose";
import { GatewayError } from "../../errors/gateway_error.ts";
import { TransportError } from "../../errors/transport_error.ts";
import {
  knownMethod,
  originalMethod,
  safeCode,
  safeHost,
  safeId,
  safePath,
  safeQuery,
  truncated,
} from "../../telemetry/attributes.ts";
import { exceptionAttributes } from "../../telemetry/exceptions.ts";

const PLAN = "/xms/v1/plan-1";

const MATCHED: readonly [raw: string, recorded: string][] = [
  [`${PLAN}/batches`, `${PLAN}/batches`],
  [`${PLAN}/batches/01ABC/delivery_report`, `${PLAN}/batches/01ABC/delivery_report`],
  [
    `${PLAN}/batches/01ABC/delivery_report/46701234567`,
    `${PLAN}/batches/01ABC/delivery_report/REDACTED`,
  ],
  [
    `${PLAN}/batches/01ABC/delivery_report/%2B46701234567`,
    `${PLAN}/batches/01ABC/delivery_report/REDACTED`,
  ],
  [
    `${PLAN}/batches/01ABC/delivery_report/+46`,
    `${PLAN}/batches/01ABC/delivery_report/REDACTED`,
  ],
  [`${PLAN}/batches/46701234567`, `${PLAN}/batches/REDACTED`],
  [`${PLAN}/groups/46701234567/members`, `${PLAN}/groups/REDACTED/members`],
  [`/xms/v1/46701234567/batches`, "/xms/v1/REDACTED/batches"],
  [`${PLAN}/groups/tel46701234567/members`, `${PLAN}/groups/REDACTED/members`],
  [`${PLAN}/batches/46701234567-4670123456`, `${PLAN}/batches/REDACTED`],
  [`${PLAN}/groups/4670-123-4569`, `${PLAN}/groups/REDACTED`],
  [`${PLAN}/groups/467_012_345_71/members`, `${PLAN}/groups/REDACTED/members`],
  [`${PLAN}/batches/${"4".repeat(26)}`, `${PLAN}/batches/REDACTED`],
  [`${PLAN}/batches/01FC66621VHDBN1234567PV1QP`, `${PLAN}/batches/01FC66621VHDBN1234567PV1QP`],
  [`${PLAN}/batches/5f2b1234567890abcdef0123`, `${PLAN}/batches/5f2b1234567890abcdef0123`],
  [
    "/xms/v1/a1b2c3d4e5f612345678a1b2c3d4e5f6/groups/12345678-90ab-4cde-8f01-234567890abc",
    "/xms/v1/a1b2c3d4e5f612345678a1b2c3d4e5f6/groups/12345678-90ab-4cde-8f01-234567890abc",
  ],
];

for (const [raw, recorded] of MATCHED) {
  Deno.test(`the path ${raw}, which matches an operation, is recorded as ${recorded}`, () => {
    assertEquals(safePath(raw, true), recorded);
  });
}

const UNMATCHED: readonly [raw: string, recorded: string][] = [
  ["/", "/"],
  ["", ""],
  ["/xms/v1/plan-1/batches/", "/xms/v1/REDACTED/batches/"],
  ["/46701234567", "/REDACTED"],
  ["/xms/v1/eyJhbGciOi.eyJzdWIi.c2ln/batches", "/xms/v1/REDACTED/batches"],
  ["/xms/v1/plan-1/batches/..%2f", "/xms/v1/REDACTED/batches/REDACTED"],
];

for (const [raw, recorded] of UNMATCHED) {
  Deno.test(`the path ${raw || "(none)"}, which matches no operation, is recorded as ${recorded || "nothing"}`, () => {
    assertEquals(safePath(raw, false), recorded);
  });
}

const QUERIES: readonly [raw: string, recorded: string][] = [
  ["page=2&page_size=30", "page=REDACTED&page_size=REDACTED"],
  ["to=46701234567,46701234568", "to=REDACTED"],
  ["client_reference=order=7", "client_reference=REDACTED"],
  ["46701234567=x", "REDACTED=REDACTED"],
  ["access_token=eyJ.eyJ.x", "REDACTED=REDACTED"],
  ["to", "to=REDACTED"],
  ["%74o=46701234567", "REDACTED=REDACTED"],
  ["page=1;to=46701234567", "page=REDACTED"],
];

for (const [raw, recorded] of QUERIES) {
  Deno.test(`the query ${raw} is recorded as ${recorded}`, () =>
    assertEquals(safeQuery(raw), recorded));
}

Deno.test("at most 1,024 characters of a request line are recorded, and no part of a phone number", () => {
  const number = "46701234567";
  for (
    const recorded of [
      safePath(`/xms/v1/plan-1/batches/${"b".repeat(60_000)}`, true),
      // A phone number cut in two would no longer be recognized as one.
      safePath(`/xms/v1/plan-1/batches/${"b".repeat(980)}/delivery_report/${number}`, true),
      safePath(`/${"p".repeat(1_018)}/${number}`, true),
      safePath("/a".repeat(30_000), false),
      safeQuery("a&".repeat(30_000)),
      safeQuery(`${"to=1&".repeat(204)}${number}`),
    ]
  ) {
    assert(recorded.length <= 1_024, `${recorded.length}`);
    assertNotMatch(recorded, /467/);
  }
});

Deno.test("an id is recorded unless it may be a phone number or have one in it", () => {
  for (const id of ["01FC66621VHDBN1234567PV1QP", "b1", "5Z8QsIRsk86f-jHB"]) {
    assertEquals(safeId(id), id);
  }
  for (const id of ["46701234567", "tel46701234567", "1234567"]) {
    assertEquals(safeId(id), "REDACTED");
  }
});

Deno.test("a host is recorded unless it may be a phone number or a token", () => {
  for (const host of ["gateway.test", "127.0.0.1", "[2001:db8::1]", "a-1234.example"]) {
    assertEquals(safeHost(host), host);
  }
  for (const host of ["46701234567", "x46701234567.se", "eyJhbGciOiJIUzI1NiJ9.c2ln"]) {
    assertEquals(safeHost(host), "REDACTED");
  }
});

Deno.test("a text is cut between characters, and half of one is replaced", () => {
  assertEquals(truncated(`${"a".repeat(1_023)}😀b`), `${"a".repeat(1_023)}\ufffd`);
  assertEquals(truncated("a\ud83d"), "a\ufffd");
});

Deno.test("an unknown method is recorded as _OTHER, with its original name if that is a plain word", () => {
  assertEquals([knownMethod("GET"), originalMethod("GET")], ["GET", undefined]);
  assertEquals([knownMethod("PURGE"), originalMethod("PURGE")], ["_OTHER", "PURGE"]);
  assertEquals([knownMethod("get"), originalMethod("get")], ["_OTHER", "get"]);
  assertEquals(originalMethod("X-46701234567"), "REDACTED");
});

Deno.test("only a text in the form of a code is recorded as an error code", () => {
  for (const code of ["unknown_group", "INVALID_ARGUMENT", "a.b:c-d"]) {
    assertEquals(safeCode(code), code);
  }
  for (const code of ["46701234567", "two words", "", "a".repeat(65), "über"]) {
    assertEquals(safeCode(code), "_OTHER", code);
  }
});

Deno.test("the exception event of a GatewayError has its private cause, without a stack trace", () => {
  const cause = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), {
    code: "ECONNREFUSED",
  });
  const attributes = exceptionAttributes(new GatewayError("upstream_unreachable", { cause }));
  assertEquals(attributes["exception.type"], "ECONNREFUSED");
  assertEquals(attributes["exception.message"], "connect ECONNREFUSED 127.0.0.1:1");
  assertEquals("exception.stacktrace" in attributes, false);
});

Deno.test("the exception event of a TransportError without a cause names its reason", () => {
  const attributes = exceptionAttributes(new TransportError(true, "timeout", { cause: undefined }));
  assertEquals(attributes["exception.type"], "TransportError");
  assertEquals(attributes["exception.message"], "timeout, sent");
});

Deno.test("the exception event of an unexpected error never quotes its message", () => {
  for (
    const thrown of [
      new TypeError("PRIVATE 46701234567"),
      new GatewayError("internal_error", { cause: new TypeError("PRIVATE\n    at PRIVATE") }),
      new TypeError("PRIVATE\nPRIVATE second line"),
    ]
  ) {
    const attributes = exceptionAttributes(thrown);
    assertEquals(attributes["exception.type"], "TypeError");
    assertNotMatch(`${attributes["exception.stacktrace"]}`, /PRIVATE/);
    assertStringIncludes(`${attributes["exception.stacktrace"]}`, "attributes.test.ts");
    assertEquals("exception.message" in attributes, false);
  }
});

Deno.test("the exception event of a refused token never quotes its claims", () => {
  const cause = new errors.JOSENotSupported('Parameter "PRIVATE\n    at PRIVATE" is not known');
  const attributes = exceptionAttributes(new GatewayError("unauthorized", { cause }));
  assertEquals(attributes["exception.type"], "ERR_JOSE_NOT_SUPPORTED");
  assertNotMatch(JSON.stringify(attributes), /PRIVATE/);
});

Deno.test("the exception event of a value that is not an Error has only its type", () => {
  for (const [thrown, type] of [["PRIVATE", "string"], [undefined, "undefined"], [7, "number"]]) {
    assertEquals(exceptionAttributes(thrown), { "exception.type": `${type}` });
  }
});
