/** The yardstick: the proxy anyone would write first under Deno. No checks, no traces, no logs. */
const [port, upstream] = Deno.args;

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, (request) => {
  const { pathname, search } = new URL(request.url);
  return fetch(new Request(`http://${upstream}${pathname}${search}`, request));
});
