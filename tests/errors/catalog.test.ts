import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  CATALOG,
  type CatalogCode,
  type CatalogEntry,
  catalogEntry,
  defaultText,
} from "../../errors/catalog.ts";

/** The codes that contract.md §2, §5 and §8 ask for, by status. */
const DOCUMENTED: Readonly<Record<number, readonly CatalogCode[]>> = {
  400: [
    "syntax_invalid_json",
    "syntax_invalid_parameter_format",
    "syntax_constraint_violation",
    "idempotency_key_invalid",
    "idempotency_key_missing",
  ],
  401: ["unauthorized"],
  403: [
    "unknown_group",
    "unknown_campaign",
    "missing_callback_url",
    "blocked_account",
    "illegal_number_type",
    "conflict_group_name",
    "conflict_send_at",
    "batch_already_dispatched",
    "destination_not_allowed",
    "sender_not_allowed",
  ],
  405: ["method_not_allowed"],
  409: ["idempotency_key_in_use"],
  415: ["unsupported_media_type"],
  422: ["idempotency_key_reused"],
  429: ["too_many_requests", "quota_exceeded"],
  500: ["internal_error"],
  502: ["upstream_connection_lost", "upstream_failed", "token_endpoint_failed"],
  504: ["upstream_timeout", "token_endpoint_timeout"],
  503: [
    "service_unavailable",
    "upstream_unreachable",
    "upstream_circuit_open",
    "upstream_credentials_rejected",
    "upstream_credentials_unavailable",
    "overloaded",
    "idempotency_unavailable",
    "key_set_unavailable",
    "token_endpoint_unavailable",
  ],
};

/** The API's troubleshooting tips, each by a phrase that its text must contain. */
const TIPS: Readonly<Partial<Record<CatalogCode, string>>> = {
  syntax_constraint_violation: "required field",
  syntax_invalid_json: "validator",
  syntax_invalid_parameter_format: "area code",
  unauthorized: "expired",
  blocked_account: "account manager",
  illegal_number_type: "different MSISDN",
  missing_callback_url: "dashboard",
  unknown_group: "existing group",
  not_found: "retention policy",
  method_not_allowed: "matches the function of the endpoint",
  unsupported_media_type: "Content-Type",
  too_many_requests: "slower rate",
  internal_error: "again",
  service_unavailable: "account manager",
};

const codes = Object.keys(CATALOG) as CatalogCode[];

Deno.test("the catalog has every documented code with its documented status", () => {
  for (const [status, documented] of Object.entries(DOCUMENTED)) {
    for (const code of documented) assertEquals(CATALOG[code].status, Number(status), code);
  }
});

Deno.test("every code of the catalog is documented or listed here with a reason", () => {
  const documented = new Set(Object.values(DOCUMENTED).flat());
  const others = codes.filter((code) => !documented.has(code));
  assertEquals(others.toSorted(), [
    "callback_not_relayed", // only the SMS API gets them, see docs/callbacks.md
    "callback_refused",
    "client_closed_request", // only in telemetry, as the caller has hung up
    "forbidden", // a 403 of the API that gives no code
    "not_found", // has no body
  ]);
});

Deno.test("every code is lower case words with underscores", () => {
  for (const code of codes) assertMatch(code, /^[a-z]+(_[a-z]+)*$/);
});

Deno.test("every default text says what happened and what to do, in whole sentences", () => {
  for (const code of codes) {
    const { meaning, help } = CATALOG[code];
    assertEquals(defaultText(code), `${meaning} ${help}`);
    for (const sentence of [meaning, help]) assertMatch(sentence, /^[A-Z].*\.$/);
  }
});

Deno.test("the catalog contains the troubleshooting tips of the API's documentation", () => {
  for (const [code, tip] of Object.entries(TIPS)) {
    assertStringIncludes(defaultText(code as CatalogCode), tip, code);
  }
});

Deno.test("every code of 409, 429 and 503 is marked as not processed and safe to send again", () => {
  for (const code of codes) {
    const { status, processed, retry, onlyOf }: CatalogEntry = CATALOG[code];
    if (onlyOf && processed === "unknown") { // to get a second token does no harm
      assertEquals(retry, "later", code);
      continue;
    }
    if (status === 429 || status === 503) assertEquals([processed, retry], ["no", "later"], code);
    if (retry === "later") assert([409, 429, 500, 503].includes(status), code);
    if (processed === "unknown") assertEquals(retry, "idempotent_only", code);
    if (processed === "unknown") assert([499, 502, 504].includes(status), code);
  }
});

Deno.test("the advice on an unknown outcome begins with POST", () => {
  for (const code of ["upstream_timeout", "upstream_failed", "upstream_connection_lost"] as const) {
    assertMatch(CATALOG[code].help, /^POST: check .* GET, PUT, DELETE: send it again\.$/);
  }
});

Deno.test("an unknown code, even the name of a member of Object, has no catalog entry", () => {
  for (const code of ["no_such_code", "constructor", "__proto__", "toString", ""]) {
    assertEquals(catalogEntry(code), undefined, code);
  }
  assertEquals(catalogEntry("unknown_group"), CATALOG.unknown_group);
});
