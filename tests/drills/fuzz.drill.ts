import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ConfigError, parseConfig } from "../../config.ts";
import { VARIABLES } from "../../settings.ts";
import type { Answer } from "./kit/client.ts";
import { sendRaw } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { CREDENTIAL, PLAN, processEnv, startCommand, startGateway } from "./kit/gateway_process.ts";
import { rawUpstream } from "./kit/raw_upstream.ts";
import { seed } from "./kit/seed.ts";

const REPLY_RUNS = 1_200;
const REQUEST_RUNS = 1_200;
const CONFIG_RUNS = 5_000;
const PROCESS_RUNS = 12;

/** Statuses of contract.md §2; others of 400 to 499 keep their number. */
function isContractAnswer({ status, headers, text, raw }: Answer): boolean {
  if (raw.includes(CREDENTIAL)) return false;
  if (status >= 200 && status < 300) return true;
  if (status < 400 || !headers["x-error-origin"] || !headers["x-request-id"]) return false;
  if (status === 404) return text === "" && headers["content-length"] === "0";
  if (status >= 500 && ![500, 502, 503, 504].includes(status)) return false;
  if ((status === 429 || status === 503) !== ("retry-after" in headers)) return false;
  const { code, text: message, ...rest } = JSON.parse(text);
  return typeof code === "string" && code !== "" && typeof message === "string" && message !== "" &&
    Object.keys(rest).length === 0;
}

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const bytes = (maxLength: number) => fc.string({ unit: byte, maxLength });
/** Bytes, most of them valid in a header or a path. */
const mostlyValid = (maxLength: number) =>
  fc.oneof(
    { weight: 5, arbitrary: fc.string({ unit: "grapheme-ascii", maxLength }) },
    { weight: 1, arbitrary: bytes(maxLength) },
  );
const token = fc.stringMatching(/^[A-Za-z0-9-]{1,12}$/);

const body = fc.oneof(
  bytes(200),
  fc.json(),
  fc.record({ code: fc.anything(), text: fc.anything() }).map((value) =>
    JSON.stringify(value) ?? ""
  ),
  fc.record({ error: fc.anything(), message: fc.string(), errors: fc.array(fc.anything()) })
    .map((value) => JSON.stringify(value) ?? ""),
  fc.constantFrom("<html>", "x".repeat(70_000), `${'{"a":'.repeat(5_000)}`, "[".repeat(60_000)),
);

const header = fc.oneof(
  fc.tuple(token, mostlyValid(20)),
  fc.tuple(
    fc.constantFrom(
      "content-type",
      "content-encoding",
      "content-length",
      "transfer-encoding",
      "connection",
      "retry-after",
      "location",
      "set-cookie",
      "www-authenticate",
      "x-error-origin",
      "x-request-id",
      "trailer",
      "keep-alive",
    ),
    fc.oneof(
      fc.constantFrom(
        "gzip",
        "br",
        "deflate",
        "chunked",
        "close",
        "5",
        "-1",
        "0",
        "application/json",
      ),
      mostlyValid(10),
    ),
  ),
);

interface Reply {
  readonly text: string;
  readonly end: "keep" | "close" | "reset";
}

/** A reply close to valid HTTP: any status, any headers, any bytes, cut anywhere. */
const reply: fc.Arbitrary<Reply> = fc.record({
  status: fc.oneof(
    fc.integer({ min: 200, max: 599 }),
    fc.integer({ min: 0, max: 999 }),
    fc.constantFrom(100, 101, 103, 200, 201, 204, 304, 301, 400, 401, 403, 404, 429, 500, 503),
  ),
  reason: mostlyValid(10),
  headers: fc.array(header, { maxLength: 6 }),
  body,
  framing: fc.constantFrom("length", "length", "chunked", "none", "wrong length"),
  keep: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    fc.double({ min: 0, max: 1, noNaN: true }),
  ),
  end: fc.constantFrom<Reply["end"]>("keep", "close", "reset"),
}).map(({ status, reason, headers, body, framing, keep, end }) => {
  const framed = {
    length: `content-length: ${body.length}\r\n\r\n${body}`,
    chunked: `transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n` +
      (body.length > 0 ? "0\r\n\r\n" : "\r\n"),
    none: `\r\n${body}`,
    "wrong length": `content-length: ${body.length + 3}\r\n\r\n${body}`,
  }[framing] ?? "";
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const whole = `HTTP/1.1 ${status} ${reason}\r\n${lines}${framed}`;
  return { text: whole.slice(0, Math.round(whole.length * keep)), end };
});

async function replies(): Promise<string> {
  let current: Reply | undefined;
  await using upstream = await rawUpstream({
    async onRequest(_, wire) {
      if (!current) return;
      await wire.write(current.text);
      if (current.end === "close") wire.close();
      if (current.end === "reset") wire.reset();
    },
  });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: {
      UPSTREAM_TIMEOUT_MS: "120",
      UPSTREAM_IDLE_TIMEOUT_MS: "120",
      BREAKER_FAILURES: "0",
      RETRY_ATTEMPTS: "0",
      LOG_LEVEL: "info",
    },
  });
  const counts: Record<string, number> = {};
  const property = fc.asyncProperty(
    reply,
    fc.constantFrom("GET", "POST", "DELETE", "HEAD"),
    async (arbitrary, method) => {
      current = arbitrary;
      const answer = method === "POST"
        ? await gateway.post("secret text of a message")
        : await gateway.call(`/batches${method === "DELETE" ? "/a" : ""}`, { method });
      counts[answer.status] = (counts[answer.status] ?? 0) + 1;
      if (method === "HEAD") return assert(answer.status >= 200, answer.raw);
      assert(isContractAnswer(answer), `no contract answer: ${answer.raw.slice(0, 500)}`);
      assert(!answer.headers["x-error-origin"] || answer.whole, "a truncated error");
    },
  );
  await fc.assert(property, { numRuns: REPLY_RUNS, seed: seed() });
  return `${REPLY_RUNS} replies (seed ${seed()}): ${JSON.stringify(counts)}`;
}

const REQUEST_HEADERS = [
  "authorization",
  "content-type",
  "content-encoding",
  "accept",
  "accept-language",
  "user-agent",
  "x-request-id",
  "traceparent",
  "tracestate",
  "cookie",
  "expect",
  "range",
  "host",
  "connection",
  "upgrade",
  "te",
] as const;

/** A request close to valid HTTP, usually authorized. */
const request = fc.record({
  method: fc.oneof(
    fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"),
    token,
  ),
  path: fc.oneof(
    fc.constant("/batches"),
    fc.constantFrom(
      "/batches",
      "/batches/a",
      "/groups",
      "/batches/dry_run",
      "/inbounds",
      "/nothing",
    ),
    mostlyValid(20).map((text) => `/${text}`),
  ),
  query: fc.oneof(fc.constant(""), mostlyValid(30).map((text) => `?${text}`)),
  headers: fc.array(fc.tuple(fc.constantFrom(...REQUEST_HEADERS), mostlyValid(40)), {
    maxLength: 4,
  }),
  authorized: fc.boolean(),
  json: fc.boolean(),
  body: fc.oneof(bytes(100), fc.json()),
  length: fc.constantFrom(0, 0, 0, 1, -1),
});

async function requests(): Promise<string> {
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { REQUEST_BODY_TIMEOUT_MS: "100", UPSTREAM_TIMEOUT_MS: "2000" },
  });
  const counts: Record<string, number> = {};
  const property = fc.asyncProperty(request, async (arbitrary) => {
    const { method, path, query, headers, authorized, json, body, length } = arbitrary;
    const lines = [
      ["Host", "a"],
      ["Connection", "close"],
      ...(authorized ? [["Authorization", `Bearer ${gateway.token}`]] : []),
      ...(json ? [["Content-Type", "application/json"]] : []),
      ...headers.map(([name, value]) => [name, value.replace(/[\r\n]/g, "")]),
      ...(body ? [["Content-Length", String(body.length + length)]] : []),
    ].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const answer = await sendRaw(
      gateway.port,
      `${method} /xms/v1/${PLAN}${path.replace(/[\r\n ]/g, "")}${query.replace(/[\r\n ]/g, "")} ` +
        `HTTP/1.1\r\n${lines}\r\n${body}`,
      { timeoutMs: 4_000, lingerMs: 250 },
    );
    counts[answer.status] = (counts[answer.status] ?? 0) + 1;
    assert(answer.status !== 500, `500: ${answer.raw}`);
  });
  await fc.assert(property, { numRuns: REQUEST_RUNS, seed: seed() });
  const served = "http_server_request_duration_seconds_count";
  assert(await gateway.metric(served) > 0, "counted");
  assertEquals(await gateway.metric(served, 'status_code="500"'), 0);
  return `${REQUEST_RUNS} requests (seed ${seed()}): ${JSON.stringify(counts)}, ` +
    `${upstream.seen.length} forwarded`;
}

/** A valid environment. */
const VALID_ENVIRONMENT: Record<string, string> = {
  SERVICE_PLANS: '{"plan":"token"}',
  AUTH_JWKS_URL: "https://issuer.test/keys",
  AUTH_ISSUER: "https://issuer.test",
  AUTH_AUDIENCE: "gateway",
};

/** Arbitrary values mixed with valid ones, so that the checks of every setting are reached. */
const arbitraryVariables = fc.dictionary(
  fc.constantFrom(...VARIABLES),
  fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.integer().map(String),
    fc.constantFrom(
      "0",
      "1",
      "9".repeat(400),
      "http://a",
      "http://[::1",
      "https://u:p@h/",
      '{"p":"t"}',
      '{"__proto__":"t"}',
      '{"keys":[{"kty":"EC"}]}',
      '{"keys":[null]}',
      "RS256,none",
      "true",
      "NaN",
      "1e3",
      "\u0000",
      "https://issuer.test",
    ),
  ),
  { maxKeys: 6 },
);
const environment = fc.tuple(fc.boolean(), arbitraryVariables)
  .map(([good, env]): Record<string, string> => good ? { ...VALID_ENVIRONMENT, ...env } : env);

async function configurations(): Promise<string> {
  let usable = 0;
  fc.assert(
    fc.property(environment, (env) => {
      try {
        parseConfig(env);
        usable++;
      } catch (error) {
        assert(error instanceof ConfigError, `${error}`);
        const secrets = Object.values(env).filter((value) => value.length > 30);
        assert(!secrets.some((value) => error.message.includes(value)), "a value was printed");
      }
    }),
    { numRuns: CONFIG_RUNS, seed: seed() },
  );
  const unusable = arbitraryVariables.map((env) => withoutNul({ ...env, SERVICE_PLANS: "{" }));
  for (const env of fc.sample(unusable, { numRuns: PROCESS_RUNS, seed: seed() })) {
    await assertRefusedCleanly(env);
  }
  return `${CONFIG_RUNS} environments (seed ${seed()}), ${usable} usable; ${PROCESS_RUNS} processes ` +
    `exited with 1 and a list of faults`;
}

/** Drops values with NUL, which no process environment can hold. */
function withoutNul(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value.replaceAll("\0", "")]),
  );
}

/** Fails unless a process with this environment exits and prints its faults without a stack. */
async function assertRefusedCleanly(env: Record<string, string>): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: await startCommand(),
    cwd: new URL("../../", import.meta.url),
    clearEnv: true,
    env: processEnv(env),
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(15_000),
  }).output();
  const text = new TextDecoder().decode(stderr);
  assertEquals(code, 1, text);
  assert(text.startsWith("The configuration is not usable:"), text);
  assert(!/\n\s+at /.test(text), text);
}

export default [
  {
    name: "fuzz: replies",
    did: "arbitrary upstream replies: status, headers, bytes, cuts",
    promised: "every answer follows the contract and does not contain the credential",
    run: replies,
    timeoutMs: 300_000,
  },
  {
    name: "fuzz: requests",
    did: "arbitrary requests by raw socket",
    promised: "never an uncaught 500",
    run: requests,
    timeoutMs: 300_000,
  },
  {
    name: "fuzz: configuration",
    did: "arbitrary environments, in memory and as processes",
    promised: "the faults are listed in words, without a stack trace, without a value",
    run: configurations,
    timeoutMs: 180_000,
  },
] satisfies Drill[];
