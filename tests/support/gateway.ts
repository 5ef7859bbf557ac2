import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { type Config, parseConfig } from "../../config.ts";
import { createApp, type Dependencies } from "../../routes/app.ts";
import { Issuers } from "../../auth/issuers.ts";
import { type KeySet, staticKeySet } from "../../auth/key_set.ts";
import type { Exchange } from "../../exchange.ts";
import { MemoryStore } from "../../state/memory.ts";
import { upstreamBreakers } from "../../upstream/breaker.ts";
import type { Transport, UpstreamReply, UpstreamRequest } from "../../upstream/transport.ts";
import { type TestIssuer, testIssuer, type TokenOptions } from "./issuer.ts";

/** Options of {@linkcode testGateway}. */
export interface TestGatewayOptions {
  /** Environment variables beside the usual ones. */
  env?: Record<string, string>;
  /** How the upstream answers a request; default: 200 `{}`. */
  upstream?: (request: UpstreamRequest) => UpstreamReply | Promise<UpstreamReply>;
  deps?: Partial<Dependencies>;
  issuer?: TestIssuer;
  /** Default: that of the issuer. */
  keySet?: KeySet;
}

/** A whole gateway in memory, with its forwarded requests, exchanges and spans. */
export interface TestGateway {
  readonly config: Config;
  readonly issuer: TestIssuer;
  /** The requests that reached the upstream, in order. */
  readonly sent: UpstreamRequest[];
  readonly spans: ReadableSpan[];
  readonly exchanges: Exchange[];
  /** Takes over a changed configuration. */
  reconfigure(config: Config): void;
  /** Sends a request, by default with a valid token for `plan-1`. */
  request(path: string, init?: RequestInit & { token?: TokenOptions | null }): Promise<Response>;
}

let commonIssuer: Promise<TestIssuer> | undefined;

/** The usual environment of a gateway in a test. */
export function testEnv(issuer: TestIssuer): Record<string, string> {
  return {
    PORT: "0",
    HOST: "127.0.0.1",
    SMS_API_URL: "http://upstream.test",
    SERVICE_PLANS: JSON.stringify({ "plan-1": "credential-of-plan-1", "plan-2": "credential-2" }),
    AUTH_JWKS: JSON.stringify(issuer.jwks),
    AUTH_ISSUER: issuer.issuer,
    AUTH_AUDIENCE: issuer.audience,
  };
}

/** A reply with a JSON body. */
export function jsonReply(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): UpstreamReply {
  return {
    status,
    headers: Object.entries({ "content-type": "application/json", ...headers }),
    body: new TextEncoder().encode(JSON.stringify(body)),
  };
}

export async function testGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const issuer = options.issuer ?? await (commonIssuer ??= testIssuer());
  const config = parseConfig({ ...testEnv(issuer), ...options.env });
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const sent: UpstreamRequest[] = [];
  const exchanges: Exchange[] = [];
  const transport: Transport = {
    async send(request) {
      sent.push(request);
      return await (options.upstream?.(request) ?? jsonReply(200, {}));
    },
    close: () => Promise.resolve(),
  };
  let ids = 0;
  const { fetch, reconfigure } = createApp(config, {
    transport,
    issuers: new Issuers(config.auth.issuers, {
      ...config.auth,
      createKeySet: ({ keySet }) =>
        options.keySet ?? staticKeySet("jwks" in keySet ? keySet.jwks : { keys: [] }),
    }),
    tracer: provider.getTracer("test"),
    breakers: upstreamBreakers(config.upstream.breaker),
    now: Date.now,
    newId: () => `id-${++ids}`,
    observers: [{ finished: (exchange) => void exchanges.push(exchange) }],
    isStopping: () => false,
    metrics: { prometheus: () => Promise.resolve(""), openMetrics: () => Promise.resolve("") },
    store: new MemoryStore(),
    ...options.deps,
  });
  return {
    config,
    issuer,
    sent,
    exchanges,
    reconfigure,
    get spans() {
      return exporter.getFinishedSpans();
    },
    async request(path, { token = {}, ...init } = {}) {
      const headers = new Headers(init.headers);
      if (token && !headers.has("authorization")) {
        headers.set("authorization", `Bearer ${await issuer.token(token)}`);
      }
      if (!headers.has("host")) headers.set("host", "gateway.test"); // as over HTTP/1.1
      // Deno.serve passes on the Content-Length of a body; a constructed Request has none.
      if (typeof init.body === "string" && !headers.has("content-length")) {
        headers.set("content-length", String(new TextEncoder().encode(init.body).byteLength));
      }
      return await fetch(rawRequest(path, { ...init, headers }));
    },
  };
}

/** A request whose `url` is not normalized, as with Deno.serve. */
function rawRequest(path: string, init: RequestInit): Request {
  const request = new Request("http://gateway.test/", init);
  Object.defineProperty(request, "url", { value: `http://gateway.test${path}` });
  return request;
}
