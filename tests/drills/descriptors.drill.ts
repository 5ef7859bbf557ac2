import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect, type Socket } from "node:net";
import { type Answer, requestBytes } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { type GatewayProcess, PLAN, startGateway } from "./kit/gateway_process.ts";
import { answerWell, type RawUpstream, rawUpstream } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

/** A gateway that may open so many file descriptors. */
function startLimited(descriptors: number, upstream: RawUpstream): Promise<GatewayProcess> {
  return startGateway({
    upstream: upstream.url,
    under: ["prlimit", `--nofile=${descriptors}:${descriptors}`],
  });
}

/** Says how often each status was answered; 0 stands for a connection that was not answered. */
function byStatus(answers: readonly Answer[]): string {
  const counts: Record<string, number> = {};
  for (const { status, code } of answers) {
    const key = `${status} ${code}`.trim();
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return JSON.stringify(counts);
}

async function servesAgain(gateway: GatewayProcess): Promise<void> {
  await until("a POST is served", async () => (await gateway.post("after")).status === 201, 15_000);
  const answers = await Promise.all(Array.from({ length: 10 }, () => gateway.post("after")));
  assertEquals(byStatus(answers), '{"201":10}');
}

/** What the log says of the limit. */
function shortage(gateway: GatewayProcess): { lowered_to: number; advice: string } {
  const line = gateway.notices().find((line) => line.includes("too few file descriptors"));
  assert(line, "the start says nothing of the limit");
  return JSON.parse(line);
}

const SLOW_MS = 1_500;
const AT_ONCE = 130;

async function slowApi(): Promise<string> {
  await using upstream = await rawUpstream({
    onRequest: (request, wire) => void setTimeout(() => answerWell(request, wire), SLOW_MS),
  });
  await using gateway = await startLimited(256, upstream);
  const { lowered_to, advice } = shortage(gateway);
  assert(lowered_to < 128 && advice.includes("ulimit -n"), advice);
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, i) => gateway.post(`message ${i}`)),
  );
  const processed = upstream.seen.length;
  for (const { status, code } of answers) {
    assert([0, 201].includes(status) || code === "overloaded", `answered ${status} ${code}`);
  }
  const accepted = answers.filter(({ status }) => status === 201).length;
  assertEquals(accepted, processed, "a POST was sent and its caller not told");
  assert(accepted >= lowered_to / 2, `only ${accepted} were served`);
  await servesAgain(gateway);
  return `${AT_ONCE} at once: ${
    byStatus(answers)
  }; the API saw ${processed}; at the start: ${advice}`;
}

async function openIdle(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    sockets.push(socket);
    await new Promise<void>((resolve) => {
      socket.once("connect", resolve);
      socket.once("close", () => resolve());
    });
  }
  return sockets;
}

async function idleConnections(): Promise<string> {
  await using upstream = await rawUpstream();
  await using gateway = await startLimited(128, upstream);
  const held: Socket[] = [];
  for (let round = 0; round < 3; round++) {
    held.push(...await openIdle(gateway.port, 200));
    await servesAgain(gateway);
  }
  const closed = held.filter((socket) => socket.closed).length;
  for (const socket of held) socket.destroy();
  assert(closed >= held.length - 128, `only ${closed} of ${held.length} were closed`);
  const said = gateway.notices().filter((line) => line.includes("cannot be accepted"));
  assertEquals(said.length, 1, "it says so once");
  return `three times 200 idle connections: ${closed} closed, POSTs were served meanwhile`;
}

async function answeredMeanwhile(): Promise<string> {
  await using upstream = await rawUpstream({
    onRequest: (request, wire) => void setTimeout(() => answerWell(request, wire), SLOW_MS),
  });
  await using gateway = await startLimited(128, upstream);
  const underWay = Promise.all(Array.from({ length: 20 }, (_, i) => gateway.post(`message ${i}`)));
  await until("all are with the API", () => upstream.seen.length === 20);
  const idle = await openIdle(gateway.port, 200);
  const answers = await underWay;
  for (const socket of idle) socket.destroy();
  assertEquals(byStatus(answers), '{"201":20}');
  await servesAgain(gateway);
  return `20 POSTs with the API while 200 connections took all descriptors: all 201`;
}

/** Sets the limit of a process that runs. */
async function limitTo(gateway: GatewayProcess, descriptors: number): Promise<void> {
  const args = [`--pid=${gateway.pid}`, `--nofile=${descriptors}:`];
  const { success } = await new Deno.Command("prlimit", { args }).output();
  assert(success, "prlimit failed");
}

/** Sends a request on a connection that is open, and reads its answer. */
async function onConnection(connection: Deno.Conn, bytes: string): Promise<string> {
  await connection.write(new TextEncoder().encode(bytes));
  const buffer = new Uint8Array(16_384);
  return new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
}

async function noneForTheApi(): Promise<string> {
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { BREAKER_FAILURES: "1" },
  });
  const { port, token } = gateway;
  using connection = await Deno.connect({ port, hostname: "127.0.0.1" });
  const headers = { connection: "keep-alive" };
  await onConnection(connection, requestBytes("/livez", { headers }));
  await limitTo(gateway, 3); // fewer than are open
  const post = requestBytes(`/xms/v1/${PLAN}/batches`, {
    method: "POST",
    token,
    headers,
    json: { body: "message" },
  });
  const answer = await onConnection(connection, post);
  const page = await onConnection(connection, requestBytes("/docs", { headers }));
  await limitTo(gateway, 1_024);
  assertMatch(page, /^HTTP\/1\.1 200 /);
  assertMatch(answer, /^HTTP\/1\.1 503 .*"code":"overloaded"/s);
  assertEquals(upstream.seen.length, 0);
  await servesAgain(gateway);
  assertEquals((await gateway.unreadiness()).length, 0);
  return "503 overloaded, nothing sent, the breaker stays closed; then 201";
}

const drills: readonly Drill[] = [
  {
    name: "descriptors: slow API",
    did: `${AT_ONCE} POSTs at once while the API takes ${SLOW_MS} ms, with 256 file descriptors`,
    promised:
      "survives, refuses what it cannot hold before it is sent, recovers; says what to change",
    run: slowApi,
  },
  {
    name: "descriptors: idle connections",
    did: "200 idle connections with 128 file descriptors, three times",
    promised: "idle connections are closed when descriptors run out, and requests are served",
    run: idleConnections,
  },
  {
    name: "descriptors: requests under way",
    did: "all descriptors are taken while POSTs are under way",
    promised: "requests under way are answered when accepting connections fails",
    run: answeredMeanwhile,
  },
  {
    name: "descriptors: none for the API",
    did: "a POST comes when no file descriptor is left for a connection to the API",
    promised: "503 overloaded: nothing was sent, and it is no failure of the API",
    run: noneForTheApi,
  },
];

export default drills;
