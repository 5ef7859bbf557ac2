/** The baseline: a minimal proxy on Deno, without checks, traces and logs. */
const [port, upstream] = Deno.args;

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, (request) => {
  const { pathname, search } = new URL(request.url);
  return fetch(new Request(`http://${upstream}${pathname}${search}`, request));
});
