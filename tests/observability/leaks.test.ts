import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { exchangeRaw, type RawAnswer, rawRequest } from "../support/raw_client.ts";
import { type RawRequest, rawUpstream, refusedPort } from "../support/raw_upstream.ts";
import { type GatewayProcess, startGateway } from "./gateway_process.ts";
import { type OtlpSink, otlpSink } from "./otlp_sink.ts";
import { hex, issuer } from "./traced_request.ts";

// Every private part of a request is a random marker that occurs nowhere else, so that a marker in
// any output is a leak.

/** A random word that no program prints by itself. */
const marker = (name: string) => `marker${name}${hex(6)}`;

const phone = () =>
  `4670${String(crypto.getRandomValues(new Uint32Array(1))[0]).padStart(10, "0")}`
    .slice(0, 11);

const CREDENTIAL = marker("Credential");
const NUMBERS = { to: phone(), from: phone(), path: phone(), query: phone(), unknown: phone() };
const WORDS = {
  credential: CREDENTIAL,
  body: marker("Body"),
  quoted: `say "${marker("Quoted")}" & <go>\n`,
  reference: marker("Reference"),
  parameter: marker("Parameter"),
  callback: marker("Callback"),
  group: marker("Group"),
  cookie: marker("Cookie"),
  forwarded: marker("Forwarded"),
  realIp: marker("RealIp"),
  custom: marker("Custom"),
  query: marker("Query"),
  queryName: marker("QueryName"),
  path: marker("Path"),
  key: marker("IdempotencyKey"),
};

/** Markers within a token. */
const CLAIM = marker("Claim");
const KEY_ID = marker("KeyId");
const CRITICAL = marker("Critical");
/** A marker in the form of a stack trace line. */
const QUOTED_FRAME = `${CRITICAL}\n    at ${CRITICAL}`;

const groups = (number: string) =>
  [number.slice(0, 2), number.slice(2, 4), number.slice(4, 7)]
    .concat(number.slice(7, 9), number.slice(9));

/** The notations of a phone number. */
const NUMBER_SPELLINGS: ((number: string) => string)[] = [
  (number) => number,
  (number) => `+${number}`,
  (number) => `00${number}`,
  (number) => `+${groups(number).join(" ")}`,
  (number) => groups(number).join("-"),
  (number) => `0${number.slice(2, 4)}-${number.slice(4)}`,
];

const MESSAGE = JSON.stringify({
  from: NUMBERS.from,
  to: NUMBER_SPELLINGS.map((spell) => spell(NUMBERS.to)),
  body: `${WORDS.body} ${WORDS.quoted}`,
  client_reference: WORDS.reference,
  parameters: { name: { [NUMBERS.to]: WORDS.parameter, default: WORDS.parameter } },
  callback_url: `https://callback.test/?key=${WORDS.callback}`,
  name: WORDS.group,
});

/** Service plan → how the upstream answers its requests. */
const PLANS: Readonly<Record<string, (request: RawRequest, echo: string) => string>> = {
  "says-ok": (_, echo) => reply(200, JSON.stringify({ echo }), echo),
  "says-400": (_, echo) => reply(400, JSON.stringify({ code: "bad", text: echo }), echo),
  "says-403": (_, echo) => reply(403, JSON.stringify({ code: echo, text: echo }), echo),
  "says-404": (_, echo) => reply(404, JSON.stringify({ code: "gone", text: echo }), echo),
  "says-401": (_, echo) => reply(401, JSON.stringify({ code: "no", text: echo }), echo),
  "says-429": (_, echo) => reply(429, JSON.stringify({ error: { message: echo } }), echo),
  "says-500": (_, echo) => reply(500, JSON.stringify({ text: echo }), echo),
  "says-503": (_, echo) => reply(503, JSON.stringify({ title: echo, detail: echo }), echo),
  "says-418": (_, echo) => reply(418, JSON.stringify({ errors: [{ message: echo }] }), echo),
  "says-302": (_, echo) => reply(302, echo, echo),
  "says-502": (_, echo) => reply(502, `<html>${echo}</html>`, echo, "text/html"),
  "says-html": (_, echo) => reply(400, `<html>${echo}</html>`, echo, "text/html"),
  "says-plain": (_, echo) => reply(400, echo, echo, "text/plain"),
  "says-the-body": ({ body }) => reply(400, `Bad body: ${body}`, "", "text/plain"),
  "says-its-end": ({ body }) => reply(400, `Bad: …${body.slice(-300)}`, "", "text/plain"),
  "says-in-json": ({ body }) => reply(400, JSON.stringify({ text: JSON.stringify(body) })),
  "says-in-url": ({ body }) => reply(400, `Bad: ${encodeURIComponent(body)}`, "", "text/plain"),
  "says-in-base64": (_, echo) => reply(400, `Bad: ${btoa(echo)}`, "", "text/plain"),
  "says-far-off": ({ body }) => reply(400, "x".repeat(900) + body, "", "text/plain"),
  "says-no-http": (_, echo) => echo,
  "says-bad-header": (_, echo) => `HTTP/1.1 200 OK\r\n${echo.replaceAll("\r\n", " ")}\r\n\r\n`,
  "says-bad-length": (_, echo) => `HTTP/1.1 200 ${one(echo)}\r\nContent-Length: x\r\n\r\n${echo}`,
  "cuts": (_, echo) => `HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n${echo}`,
  "cuts-late": (_, echo) =>
    `HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n${echo}${" ".repeat(200_000)}`,
  "hangs": () => "",
};

const one = (text: string) => text.replace(/[^\x20-\x7e]+/g, " ");

/** A reply with the echo in its reason phrase and in several headers. */
function reply(status: number, body: string, echo = "", type = "application/json"): string {
  const line = one(echo);
  const headers = ["Retry-After", "Allow", "WWW-Authenticate", "Location", "Set-Cookie", "Server"];
  // A success may quote the caller's own request, but not the gateway's credential.
  const echoHeader = status < 300 ? `X-Echo: Bearer ${CREDENTIAL}\r\n` : `X-Echo: ${line}\r\n`;
  return `HTTP/1.1 ${status} ${line}\r\nContent-Type: ${type}\r\n` + echoHeader +
    headers.filter((name) => status >= 300 || /Cookie|Server|WWW/.test(name))
      .map((name) => `${name}: ${line}\r\n`).join("") +
    `Content-Length: ${Buffer.byteLength(body, "latin1")}\r\n\r\n${body}`;
}

/** An upstream that quotes the whole request, in the way of the path's service plan. */
const echoing = () =>
  rawUpstream(async (connection) => {
    for (let request; (request = await connection.readRequest());) {
      const { method, target, headers, body } = request;
      const lines = headers.map(([name, value]) => `${name}: ${value}`).join("\r\n");
      const echo = `${method} ${target} HTTP/1.1\r\n${lines}\r\n\r\n${body}`;
      const plan = target.split("/")[3] ?? "";
      if (plan === "hangs") return await connection.closed;
      await connection.write(PLANS[plan]?.(request, echo) ?? "");
      if (plan.startsWith("cuts") || /no-http|bad-/.test(plan)) return connection.close();
    }
  });

interface Recording {
  readonly gateway: GatewayProcess;
  readonly sink: OtlpSink;
  /** Tokens that were sent; neither they nor any of their three parts may be found. */
  readonly tokens: string[];
  readonly answers: { name: string; answer: RawAnswer }[];
}

const QUERY = () =>
  `client_reference=${WORDS.query}&to=%2B${NUMBERS.query}&${WORDS.queryName}=${WORDS.query}`;

/** Headers that must not be forwarded, and a trace context. */
const HEADERS = [
  `Cookie: session=${WORDS.cookie}`,
  `X-Forwarded-For: ${WORDS.forwarded}`,
  `Forwarded: for=${WORDS.forwarded}`,
  `X-Real-Ip: ${WORDS.realIp}`,
  `X-Custom: ${WORDS.custom}`,
  `Proxy-Authorization: Basic ${WORDS.custom}`,
];

/** The requests that are sent for every plan. */
function requestsOf(plan: string): [name: string, method: string, target: string, body?: string][] {
  const base = `/xms/v1/${plan}`;
  return [
    ["send", "POST", `${base}/batches?${QUERY()}`, MESSAGE],
    ["send of broken JSON", "POST", `${base}/batches`, MESSAGE.slice(0, -2)],
    ["group", "POST", `${base}/groups`, MESSAGE],
    ["report", "GET", `${base}/batches/b/delivery_report/%2B${NUMBERS.path}?${QUERY()}`],
    ["list", "GET", `${base}/batches?${QUERY()}`],
  ];
}

/** Requests that the gateway refuses, with private parts. */
const REFUSED: readonly [name: string, method: string, target: string, body?: string][] = [
  ["unknown path", "GET", `/${WORDS.path}/${NUMBERS.unknown}?${QUERY()}`],
  ["unknown path of a plan", "GET", `/xms/v1/says-ok/${WORDS.path}/%2B${NUMBERS.unknown}`],
  ["unknown plan", "POST", `/xms/v1/${NUMBERS.unknown}/batches?${QUERY()}`, MESSAGE],
  ["unknown method", "PURGE", `/xms/v1/says-ok/batches?${QUERY()}`],
  ["body over the limit", "POST", `/xms/v1/says-ok/batches`, MESSAGE + " ".repeat(20_000)],
  ["health", "GET", `/livez?${QUERY()}`],
  ["readiness", "GET", `/readyz?${QUERY()}`],
  ["metrics", "GET", `/metrics?${QUERY()}`],
];

async function send(
  { gateway, tokens, answers }: Recording,
  name: string,
  [method, target, body]: [method: string, target: string, body?: string | undefined],
  { token, headers = [] }: { token: string; headers?: string[] },
): Promise<void> {
  if (token) tokens.push(token);
  const answer = await exchangeRaw(
    gateway.port,
    rawRequest(method, target, [
      ...HEADERS,
      ...(token ? [`Authorization: Bearer ${token}`] : []),
      ...(body === undefined ? [] : [
        "Content-Type: application/json",
        `Content-Length: ${Buffer.byteLength(body, "latin1")}`,
      ]),
      ...headers,
    ], body),
  );
  answers.push({ name: `${name} (${method} ${target.split("?")[0]})`, answer });
}

const plansOf = Object.keys(PLANS);

const goodToken = () =>
  issuer.token({ servicePlans: [...plansOf, NUMBERS.unknown], claims: { secret: CLAIM } });

/** Sends all requests through a gateway; returns its answers and all its output. */
async function provoke(env: Record<string, string>, upstream: string): Promise<
  {
    output: string;
    answers: Recording["answers"];
    tokens: string[];
    exported: string;
    scraped: string;
    /** The file with the records of idempotency keys. */
    stored: string;
  }
> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "sms-gateway-state-" });
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  await using sink = otlpSink();
  await using gateway = await startGateway({
    upstream,
    issuer,
    env: {
      OTLP_ENDPOINT: sink.url,
      METRICS_EXPORT: "otlp",
      SERVICE_PLANS: JSON.stringify(Object.fromEntries(plansOf.map((plan) => [plan, CREDENTIAL]))),
      UPSTREAM_TIMEOUT_MS: "300",
      UPSTREAM_IDLE_TIMEOUT_MS: "300",
      MAX_BODY_BYTES: "10000",
      BREAKER_FAILURES: "0",
      LOG_LEVEL: "debug",
      STATE_URL: `sqlite:${folder}/state.db`,
      ...env,
    },
  });
  const recording: Recording = { gateway, sink, tokens: [], answers: [] };
  const token = await goodToken();
  for (const plan of plansOf) {
    for (const [name, method, target, body] of requestsOf(plan)) {
      await send(recording, name, [method, target, body], { token });
    }
    // The second is a repeat: replayed, found out, unknown or sent again, by the plan.
    for (const key of [WORDS.key, WORDS.key, `"${WORDS.key}`]) {
      await send(recording, "send with a key", ["POST", `/xms/v1/${plan}/batches`, MESSAGE], {
        token,
        headers: [`Idempotency-Key: ${key}`],
      });
    }
    // A token in the query, instead of or beside the one in Authorization.
    await send(recording, "token in query", [
      "GET",
      `/xms/v1/${plan}/batches?access_token=${token}`,
    ], {
      token,
    });
  }
  for (const [name, method, target, body] of REFUSED) {
    await send(recording, name, [method, target, body], { token });
  }
  for (const [name, bad] of await badTokens()) {
    await send(recording, name, ["POST", `/xms/v1/says-ok/batches?${QUERY()}`, MESSAGE], {
      token: bad,
    });
  }
  const [head = "", ...rest] = token.split(".");
  await send(recording, "token in path", ["GET", `/xms/v1/${token}/batches`], { token });
  await send(recording, "plain text", ["POST", "/xms/v1/says-ok/batches", MESSAGE], {
    token,
    headers: [`Content-Encoding: ${WORDS.custom}`],
  });
  await send(recording, "another scheme", ["GET", "/xms/v1/says-ok/batches"], {
    token: "",
    headers: [`Authorization: Basic ${Buffer.from(`${WORDS.custom}:${head}`).toString("base64")}`],
  });
  recording.tokens.push(...rest.filter((part) => part.length > 20));
  const scraped = await (await fetch(`${gateway.url}/metrics`)).text();
  const { stdout, stderr } = await gateway.stop();
  const stored: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    stored.push(Buffer.from(await Deno.readFile(`${folder}/${name}`)).toString("latin1"));
  }
  return {
    stored: stored.join("\n"),
    output: `${stdout}\n${stderr}`,
    answers: recording.answers,
    tokens: recording.tokens,
    exported: sink.exports.map(({ body }) => body).join("\n"),
    scraped,
  };
}

/** Tokens that are refused, each for another reason, all with private markers. */
async function badTokens(): Promise<[name: string, token: string][]> {
  const servicePlans = plansOf;
  const claims = { secret: CLAIM };
  const good = await issuer.token({ servicePlans, claims });
  return [
    ["forged", `${good.slice(0, -12)}${hex(6)}`],
    ["expired", await issuer.token({ servicePlans, claims, expiresInS: -60 })],
    ["unknown key", await issuer.token({ servicePlans, claims, header: { kid: KEY_ID } })],
    ["other issuer", await issuer.token({ servicePlans, claims, issuer: KEY_ID })],
    ["other audience", await issuer.token({ servicePlans, claims, audience: KEY_ID })],
    ["other type", await issuer.token({ servicePlans, claims, header: { typ: KEY_ID } })],
    ["without plans", await issuer.token({ servicePlans: [KEY_ID], claims })],
    ["critical", withHeader(good, { alg: "ES256", crit: [QUOTED_FRAME], [QUOTED_FRAME]: CLAIM })],
    ["algorithm", withHeader(good, { alg: CRITICAL })],
    ["malformed", `${good}.${CLAIM}`],
    ["no token", `${CLAIM}=`],
    ["long", `${good}${"a".repeat(9_000)}`],
  ];
}

function withHeader(token: string, header: Record<string, unknown>): string {
  const encoded = Buffer.from(JSON.stringify(header)).toString("base64url");
  return [encoded, ...token.split(".").slice(1)].join(".");
}

/** Name of everything private → each of its possible spellings. */
function forbidden(tokens: readonly string[]): [name: string, spelling: string][] {
  const words: [string, string][] = [
    ...Object.entries(WORDS).map(([name, word]): [string, string] => [
      name,
      /marker\w+/.exec(word)?.[0] ?? word,
    ]),
    ["claim", CLAIM],
    ["key id", KEY_ID],
    ["critical header", CRITICAL],
    ...tokens.flatMap((token) =>
      token.split(".").filter((part) => part.length > 20).map((part): [string, string] => [
        "token",
        part,
      ])
    ),
  ];
  const numbers = Object.entries(NUMBERS).flatMap(([name, number]) =>
    NUMBER_SPELLINGS.map((spell): [string, string] => [`number ${name}`, spell(number)])
  );
  const encoded = [...words, ...numbers].flatMap(([name, word]): [string, string][] => [
    [name, word],
    [`${name} in a URL`, encodeURIComponent(word)],
    ...[0, 1, 2].map((shift): [string, string] => [`${name} in Base64`, base64Within(word, shift)]),
  ]);
  const seen = new Set<string>();
  return encoded.filter(([, spelling]) => !seen.has(spelling) && seen.add(spelling));
}

/** The context-independent part of a word's Base64, `shift` bytes past a multiple of 3. */
function base64Within(word: string, shift: number): string {
  const bytes = Buffer.from("\0".repeat(shift) + word);
  const encoded = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString("base64");
  return encoded.slice(shift === 0 ? 0 : 4);
}

/** The names of the secrets that occur in a text. */
function seenIn(text: string, secrets: readonly [name: string, spelling: string][]): string[] {
  return [
    ...new Set(secrets.filter(([, spelling]) => text.includes(spelling)).map(([name]) => name)),
  ];
}

const SETUPS: readonly [name: string, env: Record<string, string>][] = [
  ["in JSON", { LOG_FORMAT: "json" }],
  ["in text, with retries", { LOG_FORMAT: "text", RETRY_ATTEMPTS: "2" }],
];

for (const [name, env] of SETUPS) {
  Deno.test(`no log line ${name}, span, metric or answer contains private data, whatever the upstream quotes`, async (t) => {
    await using upstream = await echoing();
    const { output, answers, tokens, exported, scraped, stored } = await provoke(
      env,
      upstream.url,
    );
    const secrets = forbidden(tokens);
    // Guards against a test that cannot fail: the secrets were sent, and the outputs are not empty.
    const sent = JSON.stringify(upstream.requests);
    for (const word of [WORDS.body, WORDS.query, CREDENTIAL, NUMBERS.to, NUMBERS.path]) {
      assert(sent.includes(word));
    }
    assert(!sent.includes(WORDS.cookie) && !sent.includes(WORDS.forwarded));
    assert(!sent.includes(WORDS.key)); // no part of the API
    for (const text of [output, exported, scraped, stored]) assert(text.length > 10_000);
    assert(answers.some(({ answer }) => answer.headers.has("idempotent-replayed")));

    await t.step("the log", () => assertEquals(seenIn(output, secrets), []));
    await t.step("spans and pushed metrics", () => assertEquals(seenIn(exported, secrets), []));
    await t.step("the state store", () => assertEquals(seenIn(stored, secrets), []));
    await t.step("metrics", () => assertEquals(seenIn(scraped, secrets), []));
    await t.step("answers", () => {
      // An answer may contain the name of an unknown query parameter, but not its value.
      const neverInHeaders = forbidden(tokens).filter(([name]) => !name.startsWith("queryName"));
      // The API's text reaches the caller who made the request, without the gateway's credential.
      const credentials = neverInHeaders.filter(([name]) => name.startsWith("credential"));
      assert(credentials.length > 3);
      const leaks = answers.flatMap(({ name, answer: { status, headers, body } }) => {
        const head = [...headers].map(([header, value]) => `${header}: ${value}`).join("\n");
        const ofUpstream = headers.get("x-error-origin") === "upstream";
        const inBody = status < 300 ? [] : seenIn(body, ofUpstream ? credentials : neverInHeaders);
        const seen = [...seenIn(head, neverInHeaders), ...inBody];
        return seen.length > 0 ? [`${name} ${status}: ${seen.join(", ")} in ${head}\n${body}`] : [];
      });
      assertEquals(leaks, []);
    });
    await t.step("every request got its answer", () => {
      const statuses = new Set(answers.map(({ answer }) => answer.status));
      assertEquals([...statuses].toSorted(), [
        200,
        400,
        401,
        403,
        404,
        405,
        415,
        418,
        429,
        500,
        502,
        503,
        504,
      ]);
    });
  });
}

Deno.test("no output contains private data while the upstream cannot be reached", async () => {
  const unreachable = `http://127.0.0.1:${refusedPort()}`;
  const { output, answers, tokens, exported } = await provoke({}, unreachable);
  const secrets = forbidden(tokens);
  assertEquals(seenIn(output + exported, secrets), []); // the answers are the gateway's own texts
  assertEquals(answers.filter(({ answer }) => seenIn(answer.body, secrets).length > 0), []);
  assert(answers.some(({ answer }) => answer.body.includes("upstream_unreachable")));
});
