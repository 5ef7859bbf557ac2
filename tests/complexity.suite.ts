import process from "node:process";
import { assert } from "@std/assert";
import { claimAt, servicePlansOf } from "../auth/claims.ts";
import { clientIdOf, loggableClientId } from "../auth/client_id.ts";
import { toTokenReply } from "../auth/token_reply.ts";
import { signingKeys } from "../auth/signing_keys.ts";
import { parseConfig } from "../config.ts";
import { contentType } from "../middleware/content_type.ts";
import { countMessage } from "../policies/count.ts";
import { countryOf } from "../policies/country_of.ts";
import { readMessage } from "../policies/message.ts";
import type { Policy } from "../policies/policy.ts";
import { readRecipients } from "../policies/recipients.ts";
import { violationsOf } from "../policies/violations.ts";
import { rawPathOf, rawQueryOf } from "../raw_url.ts";
import { findRoute, pathProblemOf } from "../routes/match_route.ts";
import { safePath, safeQuery } from "../telemetry/attributes.ts";
import { unknownVariables } from "../unknown_variables.ts";
import { CredentialFilter } from "../upstream/credential_filter.ts";
import { requestHeaders, responseHeaders } from "../upstream/headers.ts";
import { normalize } from "../upstream/normalize.ts";
import { readProblem } from "../upstream/problem.ts";
import { retryAfterMs } from "../upstream/retry_after.ts";
import { testEnv } from "./support/gateway.ts";
import { settingsOf, testIssuer } from "./support/issuer.ts";

/** Size of the small input, in characters or members; the large one is four times as large. */
const SMALL = 64_000;

/** Greatest factor of processor time for four times the input; quadratic work would take 16. */
const MAX_GROWTH = 5;

/** Shorter times, in µs, are dominated by the clock and the garbage collector. */
const FLOOR_US = 2_000;

/** Runs, of which the fastest counts: other load on the machine only adds time. */
const RUNS = 3;

/** Tries before a growth counts as too much: compilation and garbage collection disturb some. */
const MAX_TRIES = 12;

const POLICY: Policy = {
  name: "p",
  callers: ["*"],
  countries: new Set(["SE"]),
  senders: new Set(["ACME"]),
  groups: true,
  mode: "live",
};

const encode = (text: string) => new TextEncoder().encode(text);
const filter = new CredentialFilter(["a-credential-of-the-usual-length", "short-one"]);
const issuer = await testIssuer();
const env = testEnv(issuer);

/** Texts that make some parsers and regular expressions slow. */
const TEXTS: Readonly<Record<string, (n: number) => string>> = {
  "one character": (n) => "a".repeat(n),
  "slashes": (n) => "/".repeat(n) + "x",
  "blanks": (n) => " ".repeat(n) + "x",
  "digits": (n) => "1".repeat(n) + "x",
  "segments": (n) => "/xms/v1/plan".repeat(n / 12),
  "escapes": (n) => "%2F".repeat(n / 3),
  "pairs": (n) => "a=b&".repeat(n / 4),
  "parameters": (n) => "application/json" + ";a=b".repeat(n / 4),
  "quotes": (n) => `"${'\\"'.repeat(n / 2)}\\\n`,
  "opening brackets": (n) => "[".repeat(n),
  "nested errors": (n) => '{"error":'.repeat(n / 10) + "1" + "}".repeat(n / 10),
  "prefixes of a credential": (n) => "a-credential-of-th".repeat(n / 18),
  "credentials": (n) => "a-credential-of-the-usual-length".repeat(n / 32),
  "control characters": (n) => "\x00\x9b".repeat(n / 2) + "x",
  "lone surrogates": (n) => "\ud83d".repeat(n),
  "members": (n) =>
    JSON.stringify(Object.fromEntries(Array.from({ length: n / 16 }, (_, i) => [`m${i}`, '"']))),
  "escaped quotes": (n) => `"${'\\"'.repeat(n / 2)}"`,
  "backslashes": (n) => `{"${"\\\\".repeat(n / 2)}":1}`,
  "placeholders": (n) => "${a}".repeat(n / 4),
  "equals signs": (n) => "Bearer a" + "=".repeat(n) + "!",
};

/** Everything in the gateway that reads untrusted text. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  "the path of a URL": (text) => [rawPathOf(`http://h/${text}`), rawQueryOf(`http://h/?${text}`)],
  "the route of a path": (text) => findRoute(text),
  "the problem of a path": (text) => pathProblemOf(text),
  "the path and query of a span": (
    text,
  ) => [safePath(text, true), safePath(text, false), safeQuery(text)],
  "a content type": (text) => attempt(() => contentType()(contextOf(text))),
  "headers of a caller": (text) => requestHeaders(new Headers({ accept: clean(text) })),
  "headers of a reply": (text) =>
    responseHeaders([["connection", text], ["etag", text], ["vary", text]], filter),
  "a credential in a text": (text) => filter.clean(text),
  "an error body": (text) => readProblem(encode(text), 400),
  "an error body within JSON": (text) =>
    readProblem(encode(JSON.stringify({ code: text, text })), 400),
  "an error reply": (text) =>
    normalize({ status: 400, headers: [["retry-after", text]], bytes: encode(text) }, {
      method: "POST",
      allow: [],
      clean: (text) => filter.clean(text),
    }),
  "a token request": (text) => [
    clientIdOf(`Basic ${text}`, encode(`client_id=${text}`)),
    loggableClientId(text),
  ],
  "a reply of a token endpoint": (text) =>
    [200, 400].map((status) =>
      attempt(() =>
        toTokenReply({ status, headers: new Headers(), bytes: encode(text) }, {
          requestedScope: "",
          now: 0,
        })
      )
    ),
  "claims of a token": (text) =>
    servicePlansOf(
      { service_plans: text, [text]: [text] },
      settingsOf(issuer, { plansPrefix: "a" }),
    ),
  "the path of a claim": (text) => claimAt({ a: 1 }, text),
  "a setting that is a list of issuers": (text) =>
    attempt(() => parseConfig({ ...env, AUTH_ISSUERS: text })),
  "the body of a send": (text) => judge(encode(text)),
  "texts in the body of a send": (text) =>
    judge(encode(JSON.stringify({
      from: text,
      to: [text, `+${text}`],
      body: text,
      parameters: { a: { default: text, "46701234567": text } },
    }))),
  "many recipients with values of their own": (text) => judge(encode(bodyOf(text))),
  "a Retry-After": (text) => retryAfterMs(text),
  "a setting that is a URL": (text) =>
    attempt(() => parseConfig({ ...env, SMS_API_URL: `http://h/${clean(text)}` })),
  "a setting that is JSON": (text) => attempt(() => parseConfig({ ...env, SERVICE_PLANS: text })),
  "the name of a variable": (text) => unknownVariables([clean(text).slice(0, 32_768)]),
};

for (const [reader, read] of Object.entries(READERS)) {
  Deno.test(`the time to read ${reader} grows in proportion to its length`, () => {
    for (const [kind, textOf] of Object.entries(TEXTS)) {
      const [small, large] = [textOf(SMALL), textOf(4 * SMALL)];
      const growth = growthOf(() => read(small), () => read(large));
      assert(growth <= MAX_GROWTH, `${kind}: ${growth.toFixed(1)} times the time for 4 times it`);
    }
  });
}

Deno.test("the time to read a key set grows in proportion to its keys", async () => {
  const keysOf = (n: number) => Array.from({ length: n }, (_, i) => ({ kty: "oct", kid: `${i}` }));
  const timed = async (n: number) => {
    const from = process.cpuUsage();
    await signingKeys(keysOf(n));
    const { user } = process.cpuUsage(from);
    return user;
  };
  await timed(500);
  const growth = async () => await timed(8_000) / Math.max(FLOOR_US, await timed(2_000));
  const best = Math.min(await growth(), await growth(), await growth());
  assert(best <= MAX_GROWTH, `${best.toFixed(1)} times the time for 4 times the keys`);
});

/** The factor between the times of the large and the small input; measured again if it is high. */
function growthOf(small: () => unknown, large: () => unknown): number {
  let growth = Infinity;
  for (let tries = 0; growth > MAX_GROWTH && tries < MAX_TRIES; tries++) {
    growth = Math.min(growth, timeOf(large) / Math.max(FLOOR_US, timeOf(small)));
  }
  return growth;
}

/** Processor time of the fastest run, in µs. */
function timeOf(run: () => unknown): number {
  const times = Array.from({ length: RUNS }, () => {
    const from = process.cpuUsage();
    run();
    return process.cpuUsage(from).user;
  });
  return Math.min(...times);
}

/** What a policy reads of a message. */
function judge(bytes: Uint8Array): void {
  const { message = {} } = readMessage(bytes);
  const recipients = readRecipients(message.to);
  const groups = new Map();
  const counts = countMessage(message, recipients, { policy: POLICY, countryOf, groups });
  violationsOf(POLICY, { message, isAmbiguous: false, isNew: true, recipients, counts });
}

/** A message with as many recipients and values as fit, and a text with many placeholders. */
function bodyOf({ length }: string): string {
  const to = Array.from({ length: length / 64 }, (_, i) => String(46700000000 + i));
  const a = Object.fromEntries(to.map((number) => [number, "x"]));
  return JSON.stringify({ to, body: "${a}".repeat(500), parameters: { a } });
}

function attempt(run: () => unknown): void {
  try {
    run();
  } catch {
    // A refusal is an expected result.
  }
}

/** The text without characters that are invalid in a header or a URL. */
function clean(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, "x");
}

function contextOf(type: string): Parameters<ReturnType<typeof contentType>>[0] {
  const headers = new Headers({ "content-type": clean(type), "content-length": "2" });
  const request = { method: "POST", headers };
  return { req: { raw: request } } as unknown as Parameters<ReturnType<typeof contentType>>[0];
}
