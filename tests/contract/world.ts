import { type TestIssuer, testIssuer, type TokenOptions } from "../support/issuer.ts";
import { type ContractUpstream, contractUpstream } from "./upstream.ts";

/** A listening gateway on any runtime. */
export interface GatewayUnderTest extends AsyncDisposable {
  /** Base URL, without a slash at the end. */
  readonly url: string;
}

/** Starts a gateway with these settings and no others. */
export type StartGateway = (env: Record<string, string>) => Promise<GatewayUnderTest>;

/** What a runtime supports; the README lists the limits. */
export interface Traits {
  /** Keeps the request target unchanged, including dot segments. */
  readonly rawTargets: boolean;
  /** Distinguishes a connection that was not established from one that broke. */
  readonly provesUnsent: boolean;
  /** Notices that a caller has hung up before the answer. */
  readonly seesHangUps: boolean;
  /** Keeps header names in lower case. */
  readonly keepsHeaderNames: boolean;
  /** Has a store for idempotency keys. */
  readonly hasStore: boolean;
}

/** The credentials of the gateways under test. */
export const CREDENTIALS = { "plan-1": "credential-of-plan-1", "plan-2": "credential-2" };

/** What a step uses: gateways, their upstream, tokens. */
export interface World extends AsyncDisposable {
  readonly traits: Traits;
  readonly upstream: ContractUpstream;
  readonly issuer: TestIssuer;
  /** The gateway that most steps use. */
  readonly url: string;
  /** Starts a gateway with other settings; stopped at the end of the scope. */
  start(env: Record<string, string>): Promise<GatewayUnderTest>;
  /** Sends a request, by default with a valid token. */
  request(path: string, init?: ContractInit): Promise<Response>;
}

/** Options of a request in a contract test. */
export interface ContractInit extends RequestInit {
  /** Options of the token; `null` sends none. */
  token?: TokenOptions | null;
  /** Base URL of the gateway; default: the shared one. */
  url?: string;
}

/** Starts the upstream and the shared gateway. */
export async function createWorld(startGateway: StartGateway, traits: Traits): Promise<World> {
  const issuer = await testIssuer();
  const upstream = await contractUpstream(CREDENTIALS);
  const usual = {
    PORT: "0",
    HOST: "127.0.0.1",
    SMS_API_URL: upstream.url,
    SERVICE_PLANS: JSON.stringify(CREDENTIALS),
    AUTH_JWKS: JSON.stringify(issuer.jwks),
    AUTH_ISSUER: issuer.issuer,
    AUTH_AUDIENCE: issuer.audience,
    RETRY_ATTEMPTS: "0",
    BREAKER_FAILURES: "0",
    MAX_BODY_BYTES: "4096",
    UPSTREAM_TIMEOUT_MS: "1500",
    UPSTREAM_IDLE_TIMEOUT_MS: "700",
    REQUEST_BODY_TIMEOUT_MS: "700",
    SHUTDOWN_GRACE_MS: "300",
  };
  const start = (env: Record<string, string>) =>
    startGateway(
      Object.fromEntries(Object.entries({ ...usual, ...env }).filter(([, value]) => value !== "")),
    );
  const shared = await start({}).catch(async (error) => {
    await upstream[Symbol.asyncDispose]();
    throw error;
  });
  return {
    traits,
    upstream,
    issuer,
    url: shared.url,
    start,
    async request(path, { token = {}, url = shared.url, ...init } = {}) {
      const headers = new Headers(init.headers);
      if (token && !headers.has("authorization")) {
        headers.set("authorization", `Bearer ${await issuer.token(token)}`);
      }
      return await fetch(url + path, { redirect: "manual", ...init, headers });
    },
    async [Symbol.asyncDispose]() {
      await shared[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}
