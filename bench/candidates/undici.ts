/** The minimum of a gateway on Deno: `Deno.serve`, undici's pool, and both bodies read. */
import { type Dispatcher, Pool } from "undici";

const [port, upstream] = Deno.args;
const pool = new Pool(`http://${upstream}`, { pipelining: 1 });

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, async (request) => {
  const { pathname } = new URL(request.url);
  const body = new Uint8Array(await request.arrayBuffer());
  const headers = { "content-type": request.headers.get("content-type") ?? "" };
  return await new Promise<Response>((resolve, reject) => {
    let status = 0;
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    pool.dispatch({
      method: request.method as Dispatcher.HttpMethod,
      path: pathname,
      headers,
      body,
    }, {
      onRequestStart() {},
      onResponseStart: (_, code) => void (status = code),
      onResponseData: (_, chunk) => void chunks.push(new Uint8Array(chunk)),
      onResponseEnd: () => resolve(new Response(chunks[0] ?? null, { status })),
      onResponseError: (_, error) => reject(error),
    });
  });
});
