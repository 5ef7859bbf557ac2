import { page } from "../reference/layout.ts";
import { type Markup, markup } from "../reference/markup.ts";
import { STYLE_PATH, tracePath, TRACES } from "./paths.ts";
import { traceArticle } from "./trace_article.ts";
import { MAX_TRACES, type Trace } from "./trace_store.ts";

const PRIVACY = "No span has a token, a message text or a phone number.";

/** The page of the last traces; `traces` are in the order in which they are shown. */
export function tracesPage(traces: readonly Trace[]): string {
  return tracePage(
    { title: "Traces", path: TRACES },
    markup`<h1>Traces</h1>
<p>The last ${MAX_TRACES} traces of this demo, newest first. SERVER is a request that the gateway
received; CLIENT is one that it sent to the SMS API for it, one for each attempt. Open a span for its
attributes and events. ${PRIVACY}</p>
<p><a class="button" href="${TRACES}">Refresh</a></p>
${traces.length > 0 ? traces.map((trace) => traceArticle(trace)) : NONE}`,
  );
}

/** The page of one trace with all its spans opened, and of those that link to it. */
export function singleTracePage(trace: Trace, later: readonly Trace[] = []): string {
  const { traceId } = trace;
  return tracePage(
    { title: `Trace ${traceId}`, path: tracePath(traceId) },
    markup`<h1>Trace</h1>
<p><a href="${TRACES}">All traces</a> · <a href="${tracePath(traceId)}">Refresh</a></p>
${traceArticle(trace, { open: true })}${
      later.length > 0
        ? markup`<h2>What came of it</h2>
<p>Repeats of the request, and callbacks about its message.</p>
${later.map((one) => traceArticle(one))}`
        : ""
    }<p class="muted">${PRIVACY}</p>`,
  );
}

/** The page instead of a trace that is not kept. */
export function unknownTracePage(path: string): string {
  return tracePage(
    { title: "Unknown trace", path },
    markup`<h1>Unknown trace</h1>
<p>The demo has no such trace: it keeps the last ${MAX_TRACES}, and a request is added when it has
ended.</p>
<p><a href="${TRACES}">All traces</a></p>`,
  );
}

const NONE = markup`<p class="none">No request has ended yet. Send one with a command that the demo
printed, or with a form of the reference, then refresh this page.</p>
`;

function tracePage({ title, path }: { title: string; path: string }, content: Markup): string {
  return page(
    {
      title,
      path,
      description: "The last traces of the demo of the SMS gateway.",
      style: STYLE_PATH,
      guides: [{ path: TRACES, name: "Traces of the demo" }],
    },
    markup`<main class="text traces" id="content">
${content}
</main>`,
  );
}
