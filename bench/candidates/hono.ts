/** Hono's proxy helper, as in its documentation. */
import { Hono } from "hono";
import { proxy } from "hono/proxy";

const [port, upstream] = Deno.args;

const app = new Hono();
app.all("*", (c) => {
  const { pathname, search } = new URL(c.req.url);
  return proxy(`http://${upstream}${pathname}${search}`, { ...c.req });
});

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, app.fetch);
