/**
 * A gateway as one would write it with Fastify: tokens by @fastify/jwt, its own credential, two
 * spans of the OpenTelemetry SDK, a log line by pino, metrics.
 *
 *   node fastify_complete.cjs <port> <upstream> <collector> <PEM file> <issuer> <audience> <secret>
 */
const { readFileSync } = require("node:fs");
const { context, propagation, SpanKind, SpanStatusCode, trace } = require("@opentelemetry/api");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-http");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { BatchSpanProcessor } = require("@opentelemetry/sdk-trace-base");
const { NodeTracerProvider } = require("@opentelemetry/sdk-trace-node");
const prometheus = require("prom-client");

const [port, upstream, collector, pem, issuer, audience, credential] = process.argv.slice(2);

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "sms-gateway" }),
  spanProcessors: [
    new BatchSpanProcessor(new OTLPTraceExporter({ url: `${collector}/v1/traces` }), {
      maxQueueSize: 65_536,
      maxExportBatchSize: 2_048,
    }),
  ],
});
provider.register();
const tracer = trace.getTracer("sms-gateway");

const duration = new prometheus.Histogram({
  name: "http_server_request_duration_seconds",
  help: "Duration of requests.",
  labelNames: ["method", "route", "status"],
});

const server = require("fastify")({
  logger: true,
  disableRequestLogging: true,
  bodyLimit: 1_048_576,
});
server.register(require("@fastify/jwt"), {
  secret: { public: readFileSync(pem, "utf8") },
  verify: { algorithms: ["RS256"], allowedIss: issuer, allowedAud: audience, cache: 20_000 },
});
server.register(require("@fastify/reply-from"), {
  base: `http://${upstream}`,
  undici: { connections: 2_048, pipelining: 1 },
});

server.get("/ready", () => ({ status: "ready" }));
server.get("/metrics", () => prometheus.register.metrics());

server.addHook("onRequest", (request, _reply, done) => {
  if (!request.url.startsWith("/xms/")) return done();
  const parent = propagation.extract(context.active(), request.headers);
  request.span = tracer.startSpan(request.method, {
    kind: SpanKind.SERVER,
    attributes: { "http.request.method": request.method, "url.path": request.routeOptions.url },
  }, parent);
  done();
});

server.addHook("onResponse", (request, reply, done) => {
  const { span, method, routeOptions: { url: route } } = request;
  if (!span) return done();
  span.setAttribute("http.response.status_code", reply.statusCode);
  if (reply.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
  duration.observe({ method, route, status: reply.statusCode }, reply.elapsedTime / 1_000);
  request.log.info({ method, route, status: reply.statusCode, duration_ms: reply.elapsedTime });
  done();
});

server.post("/xms/v1/:plan/batches", {
  async onRequest(request, reply) {
    try {
      const { service_plans: plans } = await request.jwtVerify();
      if (plans.includes(request.params.plan)) return;
    } catch { /* 401 */ }
    return reply.code(401).send({ code: "unauthorized", text: "The token is not valid." });
  },
}, (request, reply) => {
  const span = tracer.startSpan("POST", {
    kind: SpanKind.CLIENT,
    attributes: { "http.request.method": "POST", "server.address": upstream },
  }, trace.setSpan(context.active(), request.span));
  const traced = {};
  propagation.inject(trace.setSpan(context.active(), span), traced);
  reply.from(request.url, {
    rewriteRequestHeaders: (_request, headers) => ({
      ...headers,
      ...traced,
      authorization: `Bearer ${credential}`,
    }),
    onResponse(_request, reply, response) {
      span.setAttribute("http.response.status_code", response.statusCode);
      span.end();
      reply.send(response.stream);
    },
  });
  return reply;
});

server.listen({ port: Number(port), host: "127.0.0.1" });
