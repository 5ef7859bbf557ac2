import { FetchExchange, type FetchExchangeOptions } from "./fetch_exchange.ts";
import type { Transport } from "./transport.ts";

/** Options of {@linkcode fetchTransport}. */
export interface FetchTransportOptions {
  /**
   * Content codings that this runtime's fetch decodes although the request does not accept them,
   * while it keeps `Content-Encoding` and `Content-Length`. Default: none, as on Deno.
   */
  decodes?: ReadonlySet<string>;
  /** Converts a request body to a stream. Default: one chunk, sent with chunked transfer coding. */
  toStream?: FetchExchangeOptions["toStream"];
  /** Default: the global one. */
  fetch?: FetchExchangeOptions["fetch"];
}

/**
 * A transport over fetch, for runtimes without sockets. Request bodies are sent as streams, which a
 * runtime cannot send a second time by itself. A failure counts as sent unless fetch reports that
 * it could not connect.
 */
export function fetchTransport(options: FetchTransportOptions = {}): Transport {
  const allOptions: FetchExchangeOptions = {
    decodes: new Set(),
    toStream: singleChunkStream,
    fetch: (request) => fetch(request),
    ...options,
  };
  return {
    send: (request) => new FetchExchange(request, allOptions).send(),
    close: () => Promise.resolve(), // the runtime owns the connections
  };
}

function singleChunkStream(
  body: Uint8Array<ArrayBuffer>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(stream) {
      stream.enqueue(body);
      stream.close();
    },
  });
}
