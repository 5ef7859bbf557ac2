import { Hono } from "hono";
import type { Gateway } from "../gateway.ts";
import { hasValidHost, routedPathOf } from "../raw_url.ts";
import { SECURITY_HEADERS } from "../routes/docs.ts";
import { STYLE_PATH, TRACES } from "./paths.ts";
import type { TraceStore } from "./trace_store.ts";
import { singleTracePage, tracesPage, unknownTracePage } from "./traces_page.ts";
import { TRACES_STYLE } from "./traces_style.ts";

/** Serves the pages of traces before the gateway: they have no span and no log line themselves. */
export function tracePages(fetch: Gateway["fetch"], store: TraceStore): Gateway["fetch"] {
  const pages = createPages(store);
  return (request, bindings) => {
    const path = hasValidHost(request) ? routedPathOf(request) : "";
    const isPage = path === TRACES || path.startsWith(`${TRACES}/`);
    return isPage ? pages.fetch(request) : fetch(request, bindings);
  };
}

function createPages(store: TraceStore): Hono {
  const pages = new Hono({ getPath: routedPathOf });
  pages.use(async function headers(c, next) {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
    c.header("cache-control", c.req.path === STYLE_PATH ? "max-age=31536000" : "no-store");
  });
  pages.get(TRACES, (c) => c.html(tracesPage(store.list())));
  pages.get(
    STYLE_PATH,
    (c) => c.body(TRACES_STYLE, 200, { "content-type": "text/css; charset=utf-8" }),
  );
  pages.get(`${TRACES}/:traceId`, (c) => {
    const traceId = c.req.param("traceId");
    const trace = store.get(traceId);
    return trace ? c.html(singleTracePage(trace, store.linkingTo(traceId))) : c.notFound();
  });
  pages.notFound((c) => c.html(unknownTracePage(c.req.path), 404));
  return pages;
}
