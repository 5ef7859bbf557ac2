import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Drill } from "./kit/drill.ts";
import { type GatewayProcess, startGateway } from "./kit/gateway_process.ts";
import { answerWell, closedPort, rawUpstream, type Wire } from "./kit/raw_upstream.ts";

/** How often the upstream has read a message, whole or in part. */
function timesSeen(bytes: string, message: string): number {
  return bytes.split(`"${message}"`).length - 1;
}

/** What the upstream does with a POST → the code the caller gets, and how often it was read. */
const FAILURES: readonly {
  name: string;
  does?: (wire: Wire) => void;
  onConnection?: (wire: Wire) => void;
  code: string;
  /** Whether the text must say that the outcome is unknown. */
  outcomeUnknown: boolean;
  times: readonly number[];
}[] = [
  {
    name: "cut before the request",
    onConnection: (wire) => wire.reset(),
    code: "upstream_connection_lost",
    outcomeUnknown: true,
    times: [0, 1],
  },
  {
    name: "cut after the request",
    does: (wire) => wire.reset(),
    code: "upstream_connection_lost",
    outcomeUnknown: true,
    times: [1],
  },
  {
    name: "closed after the request",
    does: (wire) => wire.close(),
    code: "upstream_connection_lost",
    outcomeUnknown: true,
    times: [1],
  },
  {
    name: "cut within the headers of the answer",
    does: (wire) => void wire.write("HTTP/1.1 201 Created\r\nconte").then(wire.reset),
    code: "upstream_connection_lost",
    outcomeUnknown: true,
    times: [1],
  },
  {
    name: "no answer",
    does: () => {},
    code: "upstream_timeout",
    outcomeUnknown: true,
    times: [1],
  },
  {
    name: "503",
    does: (wire) => wire.reply(503, {}),
    code: "service_unavailable",
    outcomeUnknown: false,
    times: [1],
  },
  {
    name: "504",
    does: (wire) => wire.reply(504, {}),
    code: "upstream_failed",
    outcomeUnknown: true,
    times: [1],
  },
];

async function everyFailure(): Promise<string> {
  const seen: string[] = [];
  for (const { name, does, onConnection, code, outcomeUnknown, times } of FAILURES) {
    await using upstream = await rawUpstream({
      ...(does && { onRequest: (_, wire) => does(wire) }),
      ...(onConnection && { onConnection }),
    });
    await using gateway = await startGateway({
      upstream: upstream.url,
      env: { UPSTREAM_TIMEOUT_MS: "500", RETRY_ATTEMPTS: "3" },
    });
    const answer = await gateway.post("message-1");
    const count = timesSeen(upstream.bytes(), "message-1");
    assertEquals(answer.code, code, name);
    // HTTP clients send any request again after 429 and 503.
    assertEquals([503, 429].includes(answer.status), !outcomeUnknown, `${name}: ${answer.status}`);
    assert(times.includes(count), `${name}: seen ${count} times`);
    assertEquals(
      answer.text.includes("not known whether this request was processed"),
      outcomeUnknown,
      name,
    );
    seen.push(`${name}: ${code}, seen ${count}`);
  }
  return seen.join("; ");
}

/** A POST of which nothing was sent is tried again, and the text says that nothing was sent. */
async function nothingSent(): Promise<string> {
  await using unresponsive = await rawUpstream({ onRequest() {} });
  const upstreams = {
    refused: `http://127.0.0.1:${closedPort()}`,
    "TLS handshake that never ends": unresponsive.url.replace("http:", "https:"),
  };
  for (const [name, upstream] of Object.entries(upstreams)) {
    await using gateway = await startGateway({ upstream, env: { UPSTREAM_TIMEOUT_MS: "800" } });
    const { code, text } = await gateway.post("message-1");
    assertEquals(code, "upstream_unreachable", name);
    assertStringIncludes(text, "nothing was sent", name);
  }
  assertEquals(timesSeen(unresponsive.bytes(), "message-1"), 0);
  return "upstream_unreachable for a refused connection and for a TLS handshake that never ends";
}

const ROUNDS = 600;

/**
 * The upstream closes its connection right after every other answer, when the next POST may
 * already have been sent on it.
 */
async function pooled(): Promise<string> {
  let answered = 0;
  await using upstream = await rawUpstream({
    onRequest(request, wire) {
      answerWell(request, wire);
      const end = [() => {}, wire.close, wire.reset][++answered % 3] ?? wire.close;
      if (answered % 2 === 0) end();
      else setTimeout(end, answered % 5);
    },
  });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { RETRY_ATTEMPTS: "5", BREAKER_FAILURES: "0" },
  });
  const counts: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round += 4) {
    await Promise.all([0, 1, 2, 3].map((lane) => post(gateway, `m-${round + lane}`, counts)));
  }
  const bytes = upstream.bytes();
  const twice = Array.from({ length: ROUNDS }, (_, n) => `m-${n}`)
    .filter((message) => timesSeen(bytes, message) > 1);
  assertEquals(twice, [], "sent twice");
  const wrongAnswers = Array.from({ length: ROUNDS }, (_, n) => `m-${n}`).filter((message) => {
    const times = timesSeen(bytes, message);
    return times === 0 && outcomes.get(message) === "201" ||
      times > 0 && outcomes.get(message) === "upstream_unreachable";
  });
  assertEquals(wrongAnswers, [], "the answer contradicts what was sent");
  return `${ROUNDS} POSTs on closing connections, none read twice: ${JSON.stringify(counts)}`;
}

const outcomes = new Map<string, string>();

async function post(gateway: GatewayProcess, message: string, counts: Record<string, number>) {
  const { status, code } = await gateway.post(message);
  const outcome = status === 201 ? "201" : code;
  outcomes.set(message, outcome);
  counts[outcome] = (counts[outcome] ?? 0) + 1;
}

export default [
  {
    name: "once: every failure",
    did: "a POST whose connection is cut at each stage, or which is refused or not answered",
    promised: "the upstream reads it at most once; the text says if the outcome is unknown",
    run: everyFailure,
  },
  {
    name: "once: nothing sent",
    did: "a POST while the connection is refused, and while the TLS handshake hangs",
    promised: "upstream_unreachable says that nothing was sent, and nothing was sent",
    run: nothingSent,
  },
  {
    name: "once: pooled connections",
    did: "600 POSTs while the upstream closes connections right after its answers",
    promised: "no POST reaches the upstream twice, and no answer contradicts what was sent",
    run: pooled,
  },
] satisfies Drill[];
