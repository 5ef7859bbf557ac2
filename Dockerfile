# Two images, the gateway and the other services of compose.yaml:
#
#   docker build -t sms-gateway .
#   docker build -t sms-gateway-demo --target demo .
#
# RUN needs the exec form: the base image has no shell.
ARG DENO=docker.io/denoland/deno:distroless-2.9.6

FROM ${DENO} AS base
WORKDIR /app
# Supports a private npm registry, and certificates from the system's store.
ARG NPM_CONFIG_REGISTRY
ENV DENO_DIR=/deno-dir \
    DENO_TLS_CA_STORE=mozilla,system \
    DENO_NO_UPDATE_CHECK=1
COPY deno.json deno.lock ./
COPY types types

# The gateway with only those packages of the lock file that it imports.
FROM base AS gateway-files
COPY ops/container ops/container
COPY *.ts ./
COPY auth auth
COPY budgets budgets
COPY callbacks callbacks
COPY entry entry
COPY errors errors
COPY idempotency idempotency
COPY limits limits
COPY middleware middleware
COPY policies policies
COPY reference reference
COPY routes routes
COPY schemas schemas
COPY state state
COPY telemetry telemetry
COPY upstream upstream
RUN ["/bin/deno", "run", "--allow-all", "ops/container/production.ts", "main.ts", "ops/container/live.ts"]
# "yes": without Deno's caches, so that the same commit gives the same bytes.
ARG REPRODUCIBLE
RUN ["/bin/deno", "run", "--allow-all", "ops/container/finish.ts"]

FROM base AS demo-files
COPY ops/container ops/container
COPY policies policies
COPY sandbox sandbox
COPY schemas schemas
COPY scripts/demo_issuer.ts scripts/issuer.ts scripts/
RUN ["/bin/deno", "run", "--allow-all", "ops/container/production.ts", "sandbox/main.ts", "scripts/issuer.ts"]

# A sandbox SMS API and a token issuer: for demos, never for production.
FROM ${DENO} AS demo
ENV DENO_DIR=/deno-dir DENO_NO_UPDATE_CHECK=1
WORKDIR /app
COPY --from=demo-files /deno-dir /deno-dir
COPY --from=demo-files /app /app
USER 65532:65532
ENTRYPOINT ["/bin/deno"]
CMD ["run", "--cached-only", "--frozen", "--no-prompt", "--allow-net", "--allow-env", "sandbox/main.ts"]

FROM ${DENO} AS gateway
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sms-gateway" \
      org.opencontainers.image.description="Edge gateway in front of the Sinch SMS REST API" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/denoland/deno:distroless-2.9.6"
ENV DENO_DIR=/deno-dir DENO_NO_UPDATE_CHECK=1
WORKDIR /app
# The files belong to root: the gateway can read but not modify them.
COPY --from=gateway-files /deno-dir /deno-dir
COPY --from=gateway-files /app /app
# Only this folder is writable, for STATE_URL=sqlite:data/…; mount a volume on it.
COPY --from=gateway-files --chown=65532:65532 /data data
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["/bin/deno", "run", "--cached-only", "--no-prompt", "--allow-net", "--allow-env=HOST,PORT,ADMIN_PORT", "ops/container/live.ts"]
# Deno is process 1, so that it receives SIGTERM. Permissions and V8 flags equal the start task's.
ENTRYPOINT ["/bin/deno"]
CMD ["run", "--cached-only", "--frozen", "--v8-flags=--no-allocation-site-pretenuring", "--no-prompt", "--allow-net", "--allow-read=data,/run/secrets,/etc/sms-gateway,/dev/null", "--allow-write=data", "--allow-env=PORT,HOST,ADMIN_*,SMS_*,SERVICE_*,HTTPS_PROXY,https_proxy,HTTPS_PROXY_FILE,HTTP_PROXY,http_proxy,HTTP_PROXY_FILE,NO_PROXY,no_proxy,POLICIES,POLICIES_*,TEST_*,AUTH_*,JWKS_*,MAX_*,UPSTREAM_*,RETRY_*,BREAKER_*,REQUEST_*,STATE_*,IDEMPOTENCY,IDEMPOTENCY_*,CALLBACKS,CALLBACKS_*,SHUTDOWN_*,DOCS,LOG_*,OTLP_*,METRICS_*,LOGS_*,RESOURCE_*,TRACE_*,OTEL_*,UNDICI_*,JEST_WORKER_ID,HOSTNAME,DENO_DEPLOY,DENO_DEPLOYMENT_ID,DENO_REGION,K_SERVICE,K_REVISION,FLY_APP_NAME,FLY_REGION,FLY_MACHINE_ID,ECS_CONTAINER_METADATA_URI_V4,AWS_REGION,CONTAINER_APP_NAME,CONTAINER_APP_REPLICA_NAME", "main.ts"]
