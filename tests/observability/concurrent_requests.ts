import { CATALOG, type CatalogCode } from "../../errors/catalog.ts";
import { rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { startGateway } from "./gateway_process.ts";
import { type Expected, issuer, send, type Sent, type TracedRequest } from "./traced_request.ts";
import { until } from "./until.ts";

const PLAN = "/xms/v1/{service_plan_id}";
const LIMITS = {
  MAX_OUTSTANDING_PER_CALLER: "1",
  MAX_OUTSTANDING_PER_ROUTE: "2",
  MAX_IN_FLIGHT: "3",
};

/**
 * Provokes what needs concurrent requests: every 429 of the gateway, 503 `overloaded`, and a
 * caller that hangs up.
 */
export async function concurrentRequests(
  { otlpEndpoint }: { otlpEndpoint: string },
): Promise<Sent[]> {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await using upstream = await rawUpstream(async (connection) => {
    for (let request; (request = await connection.readRequest());) {
      if (request.target.includes("held")) await released;
      if (request.target.includes("forever")) return await connection.closed;
      const limited = request.target.includes("limited");
      await connection.write(rawReply(limited ? 429 : 200, "{}"));
    }
  });
  const env = { OTLP_ENDPOINT: otlpEndpoint, ...LIMITS };
  await using gateway = await startGateway({ upstream: upstream.url, env, issuer });
  const sent: Promise<Sent>[] = [];

  /** Sends a request, and waits until the upstream has received it if it is to be held there. */
  async function sendAndHold(subject: string, target: string, expected: Partial<Expected>) {
    const { route = PLAN + target.split("?")[0] } = expected;
    const before = upstream.requests.length;
    const request: TracedRequest = {
      name: `${subject}: ${target}`,
      method: "GET",
      target: `/xms/v1/plan-1${target}`,
      plan: "plan-1",
      token: { subject },
      expected: { status: 200, attempts: [200], ...expected, route },
      ...(target.includes("forever") && {
        hangUp: () => until("its arrival", () => upstream.requests.length > before),
      }),
    };
    const sending = send(gateway.port, request);
    sent.push(sending);
    if (!target.includes("held")) return void await sending;
    await until("its arrival", () => upstream.requests.length > before);
  }

  await sendAndHold("a", "/batches?held", {});
  await sendAndHold("a", "/groups", refusal("too_many_requests")); // of this caller
  await sendAndHold("b", "/batches?held", {});
  await sendAndHold("c", "/batches", refusal("too_many_requests")); // on this route
  await sendAndHold("c", "/groups?held", {});
  await sendAndHold("d", "/inbounds", refusal("overloaded"));
  release();
  await Promise.all(sent);
  await sendAndHold("a", "/batches?limited", {
    ...refusal("too_many_requests"),
    origin: "upstream",
    attempts: [429],
  });
  await sendAndHold("a", "/groups?forever", {
    ...refusal("client_closed_request"),
    attempts: ["client_closed_request"],
    exception: /^AbortError$/,
  });
  const all = await Promise.all(sent);
  await gateway.stop();
  return all;
}

function refusal(code: CatalogCode): Omit<Expected, "route"> {
  return { status: CATALOG[code].status, code, origin: "gateway", attempts: [] };
}
