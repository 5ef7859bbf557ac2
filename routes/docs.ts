import type { Handler, Hono } from "hono";
import { etag } from "hono/etag";
import { GatewayError } from "../errors/gateway_error.ts";
import type { GatewayEnv } from "../exchange.ts";
import { unauthenticatedLimit } from "../middleware/unauthenticated_limit.ts";
import { responseBody } from "../middleware/response_slots.ts";
import { PATHS } from "../reference/paths.ts";
import { acceptsGzip, compressed, type Resource, ResourceStore } from "../reference/resource.ts";
import { swaggerUi } from "../reference/swagger_ui.ts";

/** Path → resource. A resource is loaded by its first request, or by {@linkcode preloadDocs}. */
const RESOURCES: Readonly<Record<string, Resource>> = {
  [PATHS.openapi]: {
    type: "application/json",
    load: async () => {
      const { openApiDocument } = await import("../reference/openapi.ts");
      return await compressed(JSON.stringify(openApiDocument()));
    },
  },
  [PATHS.reference]: {
    type: "text/html; charset=utf-8",
    load: async () =>
      await compressed((await import("../reference/reference_page.ts")).referencePage()),
  },
  [PATHS.errors]: {
    type: "text/html; charset=utf-8",
    load: async () => await compressed((await import("../reference/errors_page.ts")).errorsPage()),
  },
  [PATHS.style]: {
    type: "text/css; charset=utf-8",
    load: async () => await compressed((await import("../reference/style.ts")).STYLE),
  },
  [PATHS.boot]: {
    type: "text/javascript; charset=utf-8",
    load: async () => await compressed((await import("../reference/boot.ts")).BOOT_SCRIPT),
  },
  [PATHS.swaggerUi]: {
    type: "text/javascript; charset=utf-8",
    immutable: true,
    load: () => swaggerUi("script"),
  },
  [PATHS.swaggerUiStyle]: {
    type: "text/css; charset=utf-8",
    immutable: true,
    load: () => swaggerUi("style"),
  },
};

/**
 * Scripts, styles and requests of this host only; no inline scripts, no framing. Images are data
 * URLs in the style sheet.
 */
const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};

/**
 * Responses of the reference that clients have not read yet, in all. They share their bytes; the
 * runtime's buffers of each connection are not shared.
 */
const MAX_UNREAD_RESPONSES = 64;

const STORES = Object.entries(RESOURCES).map(([path, resource]) =>
  [path, new ResourceStore(resource)] as const
);

/** Loads every resource, for runtimes where a file cannot always be opened later. */
export async function preloadDocs(): Promise<void> {
  for (const [, store] of STORES) await store.gzipped();
}

/** Mounts `/openapi.json`, `/docs` and their assets, without authentication. */
export function mountDocs(app: Hono<GatewayEnv>): void {
  const share = unauthenticatedLimit(MAX_UNREAD_RESPONSES);
  for (const [path, store] of STORES) {
    app.get(path, share, etag(), resourceHandler(store));
    app.all(path, methodNotAllowed);
  }
}

function resourceHandler(store: ResourceStore): Handler<GatewayEnv> {
  const { type, immutable } = store.resource;
  const headers = {
    ...SECURITY_HEADERS,
    "content-type": type,
    "cache-control": immutable ? "public, max-age=31536000, immutable" : "public, no-cache",
    vary: "Accept-Encoding",
  };
  return async function serveResource(c) {
    const { bytes, tag } = await store.gzipped();
    const gzip = acceptsGzip(c.req.header("accept-encoding"));
    const body = gzip ? bytes : await store.identity();
    return c.body(responseBody(c, body), 200, {
      ...headers,
      etag: tag,
      "content-length": String(body.byteLength),
      ...(gzip && { "content-encoding": "gzip" }),
    });
  };
}

function methodNotAllowed(): never {
  throw new GatewayError("method_not_allowed", { headers: { allow: "GET, HEAD" } });
}
