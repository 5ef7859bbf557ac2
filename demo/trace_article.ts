import { type Markup, markup } from "../reference/markup.ts";
import { ATTR } from "../telemetry/attributes.ts";
import { attributeOf, KINDS, type OtlpLink, type OtlpSpan } from "./otlp_span.ts";
import { tracePath } from "./paths.ts";
import { duration, httpStatus, spanRow } from "./span_row.ts";
import type { Trace } from "./trace_store.ts";
import { type Waterfall, waterfall } from "./waterfall.ts";

/** Options of {@linkcode traceArticle}. */
export interface TraceArticleOptions {
  /** Whether the details of the spans are open; default: false. */
  open?: boolean;
}

/** Enough of a trace id to tell it from the others of the page. */
const SHORT_ID_LENGTH = 8;

/** A trace: its request and the outcome, then its spans on one time axis. */
export function traceArticle(trace: Trace, { open = false }: TraceArticleOptions = {}): Markup {
  const { traceId, spans, removed } = trace;
  const drawn = waterfall(spans);
  const server = drawn.bars.find(({ span }) => span.kind === KINDS.server)?.span;
  const heading = `trace-${traceId}`;
  return markup`<article class="trace" aria-labelledby="${heading}">
<h2 id="${heading}"><a href="${tracePath(traceId)}">${server?.name ?? "In progress"}</a></h2>
<p class="outcome">${server ? outcome(server) : ""}${time(drawn)} <span>${
    duration(drawn.durationMs)
  }</span> <code>${traceId}</code>${(server?.links ?? []).map(linked)}</p>
<div class="waterfall">
${axis(drawn)}${drawn.bars.map((bar) => spanRow(bar, { open }))}</div>
${removed > 0 ? markup`<p class="muted">${removed} earlier spans are not kept.</p>` : ""}
</article>
`;
}

/** Status, code and fault of a SERVER span. */
function outcome(server: OtlpSpan): Markup {
  const code = attributeOf(server, ATTR.errorCode);
  const fault = attributeOf(server, ATTR.errorFault);
  const origin = attributeOf(server, ATTR.errorOrigin);
  return markup`${httpStatus(server)} ${
    code ? markup`<span><code>${code}</code>, refused by ${origin}, fault: ${fault}</span> ` : ""
  }`;
}

/** A replayed response and a callback link to the trace of the request that was sent. */
function linked({ traceId }: OtlpLink): Markup {
  return markup` <span>links to <a href="${tracePath(traceId)}">${
    traceId.slice(0, SHORT_ID_LENGTH)
  }…</a></span>`;
}

function time({ startedAtMs }: Waterfall): Markup {
  const iso = new Date(startedAtMs).toISOString();
  return markup`<time datetime="${iso}">${iso.slice(11, 23)} UTC</time>`;
}

/** The scale of the bars; each bar has its own times as text. */
function axis({ durationMs }: Waterfall): Markup {
  return markup`<div class="axis" aria-hidden="true"><div><span>0</span><span>${
    duration(durationMs / 2)
  }</span><span>${duration(durationMs)}</span></div></div>
`;
}
