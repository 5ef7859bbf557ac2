import { assert, assertEquals } from "@std/assert";
import { sendRaw } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { PLAN, startGateway } from "./kit/gateway_process.ts";
import { rawUpstream } from "./kit/raw_upstream.ts";

const BATCHES = `/xms/v1/${PLAN}/batches`;

/** Parts from which each case builds bytes that two parsers may read differently. */
interface Parts {
  /** Head of a JSON POST with a valid token, but without its framing headers. */
  readonly post: string;
  /** A complete second request with a valid token, which must not be forwarded. */
  readonly hidden: string;
  readonly auth: string;
}

const chunked = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

/** Requests that contain a second request if a parser reads their framing differently. */
const CORPUS: Readonly<Record<string, (parts: Parts) => string>> = {
  "CL.TE": ({ post, hidden }) =>
    `${post}Content-Length: ${
      5 + hidden.length
    }\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  "TE.CL": ({ post, hidden }) =>
    `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${chunked(hidden)}`,
  "TE before CL, hidden after the last chunk": ({ post, hidden }) =>
    `${post}Transfer-Encoding: chunked\r\nContent-Length: ${
      5 + hidden.length
    }\r\n\r\n0\r\n\r\n${hidden}`,
  "two lengths": ({ post, hidden }) =>
    `${post}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  "a list of content lengths": ({ post, hidden }) =>
    `${post}Content-Length: 0, ${hidden.length}\r\n\r\n${hidden}`,
  "a negative content length": ({ post, hidden }) => `${post}Content-Length: -1\r\n\r\n${hidden}`,
  "a content length with a plus": ({ post, hidden }) =>
    `${post}Content-Length: +${hidden.length}\r\n\r\n${hidden}`,
  "a content length in hex": ({ post, hidden }) => `${post}Content-Length: 0x10\r\n\r\n${hidden}`,
  "a content length beyond 64 bits": ({ post, hidden }) =>
    `${post}Content-Length: 18446744073709551616\r\n\r\n${hidden}`,
  "a content length with a space inside": ({ post, hidden }) =>
    `${post}Content-Length: 1 0\r\n\r\n${hidden}`,
  "space before the colon": ({ post, hidden }) =>
    `${post}Content-Length : ${hidden.length}\r\n\r\n${hidden}`,
  "space before the colon of TE": ({ post, hidden }) =>
    `${post}Content-Length: ${
      5 + hidden.length
    }\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
  "a folded header": ({ post, hidden }) =>
    `${post}Content-Length: ${hidden.length}\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${hidden}`,
  "a folded content length": ({ post, hidden }) =>
    `${post}X-A: b\r\n Content-Length: 3\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  "TE: xchunked": ({ post, hidden }) =>
    `${post}Content-Length: ${
      5 + hidden.length
    }\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
  "TE: chunked, identity": ({ post, hidden }) =>
    `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
  "two TEs": ({ post, hidden }) =>
    `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${hidden}`,
  "TE with a vertical tab": ({ post, hidden }) =>
    `${post}Content-Length: ${
      5 + hidden.length
    }\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${hidden}`,
  "bare LF between headers": ({ post, hidden }) =>
    `${post}X-A: b\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  "bare CR in a header": ({ post, hidden }) =>
    `${post}X-A: b\rContent-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  "bare LF ends the chunk size": ({ post, hidden }) =>
    `${post}Transfer-Encoding: chunked\r\n\r\n${
      hidden.length.toString(16)
    }\n${hidden}\r\n0\r\n\r\n`,
  "a chunk extension with a line end": ({ post, hidden }) =>
    `${post}Transfer-Encoding: chunked\r\n\r\n2;a=\n${hidden}\r\n{}\r\n0\r\n\r\n`,
  "a negative chunk size": ({ post, hidden }) =>
    `${post}Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n${hidden}`,
  "a chunk size beyond 64 bits": ({ post, hidden }) =>
    `${post}Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n${hidden}`,
  "a chunk longer than its size": ({ post, hidden }) =>
    `${post}Transfer-Encoding: chunked\r\n\r\n2\r\n{}${hidden}\r\n0\r\n\r\n`,
  "trailers that are a request": ({ post, hidden }) =>
    `${post}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n${hidden}\r\n`,
  "NUL in a header": ({ post, hidden }) =>
    `${post}X-A: \0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  "NUL in the path": ({ auth, hidden }) =>
    `GET ${BATCHES}\0 HTTP/1.1\r\nHost: a\r\n${auth}\r\n${hidden}`,
  "a header without a colon": ({ post, hidden }) => `${post}Content-Length\r\n\r\n${hidden}`,
  "a request in a header": ({ post, hidden }) =>
    `${post}X-A: ${hidden.replaceAll("\r\n", "\\r\\n")}\r\nContent-Length: 2\r\n\r\n{}`,
  "a GET with a body": ({ auth, hidden }) =>
    `GET ${BATCHES} HTTP/1.1\r\nHost: a\r\n${auth}Content-Type: application/json\r\n` +
    `Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
  "a GET with chunked encoding": ({ auth, hidden }) =>
    `GET ${BATCHES} HTTP/1.1\r\nHost: a\r\n${auth}Content-Type: application/json\r\n` +
    `Transfer-Encoding: chunked\r\n\r\n${chunked(hidden)}`,
  "absolute form of another host": ({ auth }) =>
    `GET http://evil.test${BATCHES} HTTP/1.1\r\nHost: a\r\n${auth}\r\n`,
  "two hosts": ({ auth }) => `GET ${BATCHES} HTTP/1.1\r\nHost: a\r\nHost: b\r\n${auth}\r\n`,
  "a method with a space": ({ auth }) => `GE T ${BATCHES} HTTP/1.1\r\nHost: a\r\n${auth}\r\n`,
  "HTTP/1.0 with chunked encoding": ({ post, hidden }) =>
    post.replace("HTTP/1.1", "HTTP/1.0") +
    `Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  "HTTP/1.2": ({ auth }) => `GET ${BATCHES} HTTP/1.2\r\nHost: a\r\n${auth}\r\n`,
  "a response instead of a request": () => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
  "an upgrade to h2c": ({ auth }) =>
    `GET ${BATCHES} HTTP/1.1\r\nHost: a\r\n${auth}Connection: Upgrade, HTTP2-Settings\r\n` +
    `Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
};

/** How long a connection is read after the last answer, in ms. */
const LINGER_MS = 150;

async function corpus(): Promise<string> {
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { REQUEST_BODY_TIMEOUT_MS: "300" },
  });
  const auth = `Authorization: Bearer ${gateway.token}\r\n`;
  const post = `POST ${BATCHES} HTTP/1.1\r\nHost: a\r\n${auth}Content-Type: application/json\r\n`;
  const hidden = `DELETE ${BATCHES}/HIDDEN HTTP/1.1\r\nHost: a\r\n${auth}\r\n`;
  const refusedByParser: string[] = [];
  for (const [name, write] of Object.entries(CORPUS)) {
    const before = upstream.seen.length;
    const answer = await sendRaw(gateway.port, write({ post, hidden, auth }), {
      timeoutMs: 1_000,
      lingerMs: LINGER_MS,
    });
    const forwarded = upstream.seen.slice(before);
    assert(forwarded.length <= 1, `${name}: ${forwarded.length} requests upstream`);
    assert(
      forwarded.every(({ target }) => !target.includes("HIDDEN")),
      `${name}: the hidden request was forwarded`,
    );
    assert(
      forwarded.every(({ headers }) =>
        !("transfer-encoding" in headers) && !(headers.host ?? "").includes("evil")
      ),
      `${name}: framing or host of the caller was forwarded`,
    );
    assert(answer.status !== 500, `${name}: 500`);
    if (answer.status === 400 && !answer.headers["x-error-origin"]) refusedByParser.push(name);
  }
  const still = await gateway.call("/batches");
  assertEquals(still.status, 200);
  return `${
    Object.keys(CORPUS).length
  } requests that hide another: at most one upstream for each, ` +
    `never the hidden one; ${refusedByParser.length} refused by the parser`;
}

/** Two pipelined requests are both forwarded: this is not smuggling. */
async function pipelining(): Promise<string> {
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({ upstream: upstream.url });
  const one =
    `GET ${BATCHES} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${gateway.token}\r\n\r\n`;
  const { raw } = await sendRaw(gateway.port, one + one, { timeoutMs: 2_000, lingerMs: 300 });
  assertEquals([raw.split("HTTP/1.1 200").length - 1, upstream.seen.length], [2, 2]);
  return "two requests in one write: two answers";
}

export default [
  {
    name: "smuggling: corpus",
    did: "requests that two parsers may read differently, by raw socket, with a valid token",
    promised: "one request of a caller never becomes two upstream",
    run: corpus,
  },
  {
    name: "smuggling: pipelining",
    did: "two valid requests in one write",
    promised: "both are answered",
    run: pipelining,
  },
] satisfies Drill[];
