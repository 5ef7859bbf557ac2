import { TraceFlags } from "@opentelemetry/api";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { singleTracePage, tracesPage, unknownTracePage } from "../../demo/traces_page.ts";
import { ONE_ATTEMPT, record, recording, type SpanPlan } from "./kit.ts";

const HOSTILE = `<script>alert(1)</script> " onload='x' &amp;`;
const ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt; &quot; onload=&#39;x&#39; &amp;amp;";

/** The list and the single page of one trace. */
function pagesOf(plan: SpanPlan): [list: string, single: string, traceId: string] {
  const { store, tracer } = recording();
  const id = record(tracer, plan);
  const [trace] = store.list();
  assert(trace);
  return [tracesPage([trace]), singleTracePage(trace), id];
}

Deno.test("names, attributes, values of arrays and texts of events and links are escaped on both pages", () => {
  const { tracer, store } = recording();
  const link = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
  const span = tracer.startSpan(`name ${HOSTILE}`, {
    attributes: { text: `text ${HOSTILE}`, list: [`item ${HOSTILE}`], [`key ${HOSTILE}`]: 1 },
    links: [{
      context: { ...link, traceFlags: TraceFlags.SAMPLED },
      attributes: { l: `link ${HOSTILE}` },
    }],
  });
  span.addEvent(`event ${HOSTILE}`, { text: `detail ${HOSTILE}` });
  span.setStatus({ code: 2, message: `status ${HOSTILE}` });
  span.end();
  const [trace] = store.list();
  assert(trace);
  for (const html of [tracesPage([trace]), singleTracePage(trace)]) {
    for (const word of ["name", "text", "item", "key", "event", "link", "detail", "status"]) {
      assertStringIncludes(html, `${word} ${ESCAPED}`);
    }
    assert(!html.includes("<script>"));
  }
});

Deno.test("the pages have no inline script and no style attribute, which the CSP would block", () => {
  const [list, single] = pagesOf({ name: "request", from: 0, to: 1 });
  for (const html of [list, single, tracesPage([]), unknownTracePage("/demo/traces/x")]) {
    assertEquals(html.match(/ style=|<style|<script(?! src=)| on\w+=/g), null);
  }
});

Deno.test("a failed request shows its status, code, origin and fault, and every attempt", () => {
  const error = (name: string, value: string) => [`sms_gateway.error.${name}`, value] as const;
  const [list] = pagesOf({
    name: "GET /batches",
    from: 0,
    to: 200,
    attributes: Object.fromEntries([
      ["http.response.status_code", 503],
      error("code", "service_unavailable"),
      error("origin", "upstream"),
      error("fault", "upstream"),
    ]),
    children: [
      { name: "first", from: 50, to: 100, attributes: { "http.response.status_code": 503 } },
      { name: "second", from: 150, to: 200, attributes: { "http.request.resend_count": 1 } },
    ],
  });
  assertMatch(
    list,
    /503<\/span> <span><code>service_unavailable<\/code>, refused by upstream, fault: upstream/,
  );
  const bars = [...list.matchAll(/<rect x="([\d.]+%)" width="([\d.]+%)"/g)].map(([, ...bar]) =>
    bar
  );
  assertEquals(bars, [["0.00%", "100.00%"], ["25.00%", "25.00%"], ["75.00%", "25.00%"]]);
  assertEquals(list.match(/<span class="kind">\w+/g)?.map((kind) => kind.slice(-6)), [
    "SERVER",
    "CLIENT",
    "CLIENT",
  ]);
  assertMatch(list, /no response<\/span> <span>retry 1<\/span>/);
});

Deno.test("a short span has a bar that can be seen and that ends within the axis", () => {
  const children = [{ name: "short", from: 999, to: 999 }];
  const [list] = pagesOf({ name: "long", from: 0, to: 999, children });
  assertStringIncludes(list, '<rect x="99.60%" width="0.40%"');
});

Deno.test("a link to a span of another trace leads to that trace", () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const context = { traceId, spanId: "b7ad6b7169203331", traceFlags: TraceFlags.SAMPLED };
  const [list, single] = pagesOf({ name: "replay", from: 0, to: 1, links: [{ context }] });
  for (const html of [list, single]) {
    assertEquals(html.match(new RegExp(`<a href="/demo/traces/${traceId}">`, "g"))?.length, 2);
    assertStringIncludes(html, "b7ad6b7169203331");
  }
});

Deno.test("details are closed in the list and open on the page of one trace", () => {
  const [list, single, id] = pagesOf({ name: "request", from: 0, to: 1 });
  assertEquals([list, single].map((html) => /<details[^>]* open>/.test(html)), [false, true]);
  assertStringIncludes(list, `<a href="/demo/traces/${id}">request</a>`);
});

Deno.test("a trace whose request has not ended says so", () => {
  const { store, tracer } = recording();
  record(tracer, ONE_ATTEMPT);
  const [trace] = store.list();
  assert(trace);
  const spans = trace.spans.filter(({ name }) => name === "client");
  assertStringIncludes(tracesPage([{ ...trace, spans }]), ">In progress</a>");
  assertStringIncludes(tracesPage([{ ...trace, removed: 7 }]), "7 earlier spans are not kept");
});

Deno.test("without any trace the page says what to do, and every list has a link that refreshes it", () => {
  assertStringIncludes(tracesPage([]), "No request has ended yet");
  assertMatch(tracesPage([]), /<a class="button" href="\/demo\/traces">Refresh<\/a>/);
});
