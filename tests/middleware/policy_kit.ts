import { createSandbox, type Sandbox } from "../../sandbox/app.ts";
import type { UpstreamReply, UpstreamRequest } from "../../upstream/transport.ts";
import { type TestGateway, testGateway } from "../support/gateway.ts";

export const BATCHES = "/xms/v1/plan-1/batches";
export const GROUPS = "/xms/v1/plan-1/groups";

/** A gateway with policies in front of a real sandbox, and another sandbox as the test API. */
export interface PolicyGateway extends TestGateway {
  readonly live: Sandbox;
  readonly trial: Sandbox;
  /** Sends JSON, or a text as it is. */
  send(method: string, path: string, body?: unknown, init?: SendInit): Promise<Response>;
  /** The requests that reached the SMS API, as `POST path`. */
  reached(): string[];
}

/** Options of a request. */
export interface SendInit {
  subject?: string;
  headers?: Record<string, string>;
}

export interface PolicyGatewayOptions {
  /** Answers instead of the sandbox. */
  upstream?: (request: UpstreamRequest) => UpstreamReply | Promise<UpstreamReply> | undefined;
  env?: Record<string, string>;
}

const BASE = "/xms/v1/plan-1";

/** @param policies as in `POLICIES` */
export async function policyGateway(
  policies: readonly object[],
  { upstream, env }: PolicyGatewayOptions = {},
): Promise<PolicyGateway> {
  const live = createSandbox({ servicePlans: { "plan-1": "credential-of-plan-1" } });
  const trial = createSandbox({ servicePlans: { "plan-1": "token-of-the-sandbox" } });
  const gateway = await testGateway({
    env: {
      POLICIES: JSON.stringify(policies),
      TEST_API_URL: "http://trial.test",
      TEST_API_TOKEN: "token-of-the-sandbox",
      ...env,
    },
    upstream: (request) =>
      upstream?.(request) ??
        call(request.target.origin === "http://trial.test" ? trial : live, request),
  });
  return Object.assign(gateway, {
    live,
    trial,
    send: (method: string, path: string, body?: unknown, { subject, headers }: SendInit = {}) =>
      gateway.request(path, {
        method,
        token: { subject: subject ?? "shop" },
        headers: { ...body !== undefined && { "content-type": "application/json" }, ...headers },
        ...body !== undefined && { body: toBody(body) },
      }),
    reached: () => live.requests().map(({ method, path }) => `${method} ${path.replace(BASE, "")}`),
  });
}

function toBody(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (body instanceof Uint8Array) return new Uint8Array(body);
  return typeof body === "string" ? body : JSON.stringify(body);
}

async function call(sandbox: Sandbox, request: UpstreamRequest): Promise<UpstreamReply> {
  const { method, path, headers, body } = request;
  const response = await sandbox.app.request(path, { method, headers: { ...headers }, body });
  const { status } = response;
  return { status, headers: [...response.headers], body: await response.bytes() };
}
