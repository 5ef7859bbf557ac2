import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { getRequestListener } from "@hono/node-server";
import { createSandbox } from "../../sandbox/app.ts";

/** A request that reached the upstream. */
export interface ArrivedRequest {
  readonly method: string;
  /** The request target on the wire. */
  readonly target: string;
  /** In order, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** The upstream of a contract test: the sandbox with additional canned replies. */
export interface ContractUpstream extends AsyncDisposable {
  readonly url: string;
  /** The requests since the last call. */
  taken(): ArrivedRequest[];
  /** How each `?reply=slow` ended since the last call, by method. */
  slowEnds(): { readonly method: string; readonly end: "answered" | "cancelled" }[];
}

interface Reply {
  readonly status: number;
  readonly headers?: readonly string[];
  readonly body?: string | Uint8Array;
  /** Pause between the bytes of the body, in ms; default: none. */
  readonly bytePauseMs?: number;
}

/** Duration of `?reply=slow`, in ms: longer than a caller that hangs up waits. */
const SLOW_MS = 600;

const JSON_TYPE = ["content-type", "application/json"];
const NESTED = '{"error":{"code":400,"message":"Nested","status":"INVALID_ARGUMENT"}}';

/** A body that is too long for a transport to buffer. */
export const LONG_BODY = JSON.stringify({ batches: "x".repeat(300_000) });

/** Replies by name: `?reply=…` selects one, any other request goes to the sandbox. */
export const REPLIES = {
  slow: { status: 200, headers: JSON_TYPE, body: "{}" },
  odd: { status: 226, headers: ["content-type", "x/odd"], body: new Uint8Array([0, 255, 13, 10]) },
  unspaced: {
    status: 200,
    headers: JSON_TYPE,
    body: '{ "n" : 1.0e3,\r\n "n":2, "s":"é\u{1f600}" }',
  },
  slow_body: {
    status: 200,
    headers: JSON_TYPE,
    body: JSON.stringify("byte by byte, for 2 seconds".repeat(2)),
    bytePauseMs: 40,
  },
  empty: { status: 204 },
  long: { status: 200, headers: JSON_TYPE, body: LONG_BODY },
  gzip: {
    status: 200,
    headers: [...JSON_TYPE, "content-encoding", "gzip"],
    body: gzipSync('{"zipped":true}'),
  },
  br: {
    status: 200,
    headers: [...JSON_TYPE, "content-encoding", "br"],
    body: brotliCompressSync('{"zipped":true}'),
  },
  deflate: {
    status: 200,
    headers: [...JSON_TYPE, "content-encoding", "deflate"],
    body: deflateSync('{"zipped":true}'),
  },
  headers: {
    status: 200,
    // deno-fmt-ignore -- pairs
    headers: [
      ...JSON_TYPE, "Set-Cookie", "a=b", "Set-Cookie", "c=d", "Server", "nginx", "Via", "1.1 x",
      "Connection", "keep-alive, X-Hop", "X-Hop", "1", "X-Request-Id", "theirs",
      "X-Error-Origin", "upstream", "Traceparent", "00-0-0-01", "ETag", '"kept"',
      "WWW-Authenticate", "Basic", "Strict-Transport-Security", "max-age=1",
    ],
    body: "{}",
  },
  redirect: { status: 302, headers: ["location", "/elsewhere"] },
  unauthorized: { status: 401, headers: ["www-authenticate", "Basic"], body: NESTED },
  missing: { status: 404, headers: JSON_TYPE, body: NESTED },
  unknown_code: { status: 409, headers: JSON_TYPE, body: '{"code":"brand_new","text":"New."}' },
  busy: {
    status: 429,
    headers: [...JSON_TYPE, "retry-after", "7"],
    body: '{"code":"limit_exceeded","text":"Slow down."}',
  },
} as const satisfies Record<string, Reply>;

/** Starts the upstream on a free port, with the credentials of {@linkcode contractEnv}. */
export async function contractUpstream(
  servicePlans: Record<string, string>,
): Promise<ContractUpstream> {
  const arrived: ArrivedRequest[] = [];
  const ends: ReturnType<ContractUpstream["slowEnds"]> = [];
  const sandbox = createSandbox({ servicePlans });
  const toSandbox = getRequestListener(sandbox.app.fetch, { overrideGlobalObjects: false });
  const server = createServer(async (request, response) => {
    const name = /[?&]reply=(\w+)/.exec(request.url ?? "")?.[1];
    if (name !== undefined) {
      const { method } = arrived[arrived.push(await arrivedFrom(request)) - 1] ?? { method: "" };
      if (name === "slow") {
        response.once("close", () => {
          ends.push({ method, end: response.writableFinished ? "answered" : "cancelled" });
        });
        await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
      }
      return await reply(response, REPLIES[name as keyof typeof REPLIES]);
    }
    return await toSandbox(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    taken() {
      const recorded = sandbox.requests().map(({ method, path, headers, body }) => ({
        method,
        target: path,
        headers: Object.entries(headers),
        body,
      }));
      sandbox.clearRequests();
      return [...arrived.splice(0), ...recorded];
    },
    slowEnds: () => ends.splice(0),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function reply(
  response: ServerResponse,
  { status, headers = [], body = "", bytePauseMs }: Reply,
): Promise<void> {
  response.sendDate = false;
  const length = status === 204 ? [] : ["content-length", String(byteLength(body))];
  response.writeHead(status, [...headers, ...length]);
  if (bytePauseMs === undefined) return void response.end(body);
  for (const byte of body) {
    response.write(byte);
    await new Promise((resolve) => setTimeout(resolve, bytePauseMs));
  }
  response.end();
}

function byteLength(body: string | Uint8Array): number {
  return typeof body === "string" ? new TextEncoder().encode(body).byteLength : body.byteLength;
}

async function arrivedFrom(request: IncomingMessage): Promise<ArrivedRequest> {
  let body = "";
  for await (const chunk of request) body += new TextDecoder().decode(chunk);
  const raw = request.rawHeaders;
  const headers = raw.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? ""] as const] : []
  );
  return { method: request.method ?? "", target: request.url ?? "", headers, body };
}
