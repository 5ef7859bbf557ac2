import { type Markup, markup } from "../reference/markup.ts";
import {
  attributeOf,
  KINDS,
  millisecondsBetween,
  type OtlpAttribute,
  type OtlpEvent,
  type OtlpLink,
  type OtlpSpan,
  textOf,
} from "./otlp_span.ts";
import { tracePath } from "./paths.ts";
import type { Bar } from "./waterfall.ts";

/** OTLP status code of a failed span. */
const ERROR = 2;

/** The least length of a bar as a fraction of the trace, so that it can be seen. */
const MIN_LENGTH = 0.004;

/** The part of all routes that says nothing. */
const COMMON_PATH = "/xms/v1/{service_plan_id}";

/** Deepest indentation; a deeper span is shown below its parent. */
const MAX_DEPTH = 4;

/** A span: its bar, and below it the details that can be opened. */
export function spanRow(bar: Bar, { open }: { open: boolean }): Markup {
  const { span, depth } = bar;
  const kind = span.kind === KINDS.server ? "server" : "client";
  const failed = span.status.code === ERROR ? " failed" : "";
  return markup`<details class="span ${kind}${failed} depth-${Math.min(depth, MAX_DEPTH)}"${
    open ? markup` open` : ""
  }>
<summary>${label(span)}${drawing(bar)}<span class="time">${
    duration(bar.durationMs)
  }<span class="visually-hidden">, starts after ${duration(bar.offsetMs)}</span></span></summary>
<div class="details">
${details(span)}</div>
</details>
`;
}

/** A duration in ms, with three significant digits. */
export function duration(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

/** The status of the response, with the color of success or error. */
export function httpStatus(span: OtlpSpan): Markup {
  const status = attributeOf(span, "http.response.status_code");
  if (status === undefined) return markup`<span class="status error">no response</span>`;
  return markup`<span class="status ${
    Number(status) < 400 ? "success" : "error"
  }">${status}</span>`;
}

function label(span: OtlpSpan): Markup {
  const retry = attributeOf(span, "http.request.resend_count");
  return markup`<span class="label"><span class="kind">${
    span.kind === KINDS.server ? "SERVER" : "CLIENT"
  }</span> ${httpStatus(span)} ${retry ? markup`<span>retry ${retry}</span> ` : ""}<span>${
    span.name.replace(COMMON_PATH, "…")
  }</span></span>`;
}

/** An SVG, since the CSP allows no style attributes; its text is in the label and the time. */
function drawing({ start, length }: Bar): Markup {
  const width = Math.max(length, MIN_LENGTH);
  const x = Math.min(start, 1 - width);
  return markup`<svg class="bar" aria-hidden="true"><rect x="${percent(x)}" width="${
    percent(width)
  }" y="20%" height="60%" rx="2"/></svg>`;
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(2)}%`;
}

function details(span: OtlpSpan): Markup {
  const { name, spanId, parentSpanId, status, events = [], links = [] } = span;
  return markup`<dl class="attributes">
${entry("name", name)}${entry("span id", spanId)}${
    parentSpanId ? entry("parent span id", parentSpanId) : ""
  }${status.message ? entry("status message", status.message) : ""}${
    span.attributes.map(attribute)
  }</dl>
${events.map((event) => eventDetails(event, span))}${links.map(linkDetails)}`;
}

function eventDetails({ name, timeUnixNano, attributes }: OtlpEvent, span: OtlpSpan): Markup {
  const afterMs = millisecondsBetween(span.startTimeUnixNano, timeUnixNano);
  return markup`<p class="part">Event <code>${name}</code> after ${duration(afterMs)}</p>
<dl class="attributes">
${attributes.map(attribute)}</dl>
`;
}

function linkDetails({ traceId, spanId, attributes }: OtlpLink): Markup {
  return markup`<p class="part">Link to <a href="${
    tracePath(traceId)
  }">trace <code>${traceId}</code></a>,
span <code>${spanId}</code></p>
${attributes.length > 0 ? markup`<dl class="attributes">${attributes.map(attribute)}</dl>` : ""}`;
}

function attribute({ key, value }: OtlpAttribute): Markup {
  return entry(key, textOf(value));
}

function entry(name: string, value: string): Markup {
  return markup`<div><dt>${name}</dt><dd>${value}</dd></div>
`;
}
