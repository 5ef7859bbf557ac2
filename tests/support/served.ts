import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { parseConfig } from "../../config.ts";
import type { Exchange } from "../../exchange.ts";
import { createGateway } from "../../gateway.ts";
import { StoreHealth } from "../../state/health.ts";
import { MemoryStore } from "../../state/memory.ts";
import { undiciTransport } from "../../upstream/undici_transport.ts";
import { testEnv } from "./gateway.ts";
import { type TestIssuer, testIssuer, type TokenOptions } from "./issuer.ts";

/** Options of {@linkcode serveGateway}. */
export interface ServeGatewayOptions {
  /** Base URL of the upstream. */
  upstream: string;
  /** Environment variables beside the usual ones. Retries are off by default. */
  env?: Record<string, string>;
  issuer?: TestIssuer;
}

/** A gateway that listens on a free port of this machine; stopped at the end of the scope. */
export interface ServedGateway extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly issuer: TestIssuer;
  readonly spans: ReadableSpan[];
  /** The received requests, with the abort signal of their caller's connection. */
  readonly received: Request[];
  /** The next ended exchange that was not returned before. */
  finished(): Promise<Exchange>;
  token(options?: TokenOptions): Promise<string>;
  /** Sends a request, by default with a valid token for `plan-1`. */
  request(path: string, init?: RequestInit): Promise<Response>;
}

let common: Promise<TestIssuer> | undefined;

/** The issuer of gateways that are given none. */
export function commonIssuer(): Promise<TestIssuer> {
  return common ??= testIssuer();
}

/** Serves a gateway with real sockets to the caller and to the upstream. */
export async function serveGateway(
  { upstream, env, issuer: given }: ServeGatewayOptions,
): Promise<ServedGateway> {
  const issuer = given ?? await commonIssuer();
  const config = parseConfig({
    ...testEnv(issuer),
    SMS_API_URL: upstream,
    RETRY_ATTEMPTS: "0",
    ...env,
  });
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const exchanges = new Exchanges();
  const gateway = createGateway(config, {
    transport: undiciTransport({
      connectTimeoutMs: config.upstream.timeoutMs,
    }),
    tracer: provider.getTracer("test"),
    state: { store: new MemoryStore(), health: new StoreHealth() },
    observers: [{ finished: (exchange) => exchanges.add(exchange) }],
  });
  const received: Request[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request, info) => {
      received.push(request);
      return gateway.fetch(request, info);
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  return {
    url,
    port: server.addr.port,
    issuer,
    received,
    get spans() {
      return exporter.getFinishedSpans();
    },
    finished: () => exchanges.next(),
    token: (options) => issuer.token(options),
    async request(path, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has("authorization")) {
        headers.set("authorization", `Bearer ${await issuer.token()}`);
      }
      return await fetch(url + path, { redirect: "manual", ...init, headers });
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await gateway.close();
    },
  };
}

/** A queue of ended exchanges. */
class Exchanges {
  #ended: Exchange[] = [];
  #waiting: ((exchange: Exchange) => void)[] = [];

  add(exchange: Exchange): void {
    const resolve = this.#waiting.shift();
    if (resolve) resolve(exchange);
    else this.#ended.push(exchange);
  }

  next(): Promise<Exchange> {
    const ended = this.#ended.shift();
    if (ended) return Promise.resolve(ended);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
