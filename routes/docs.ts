import type { Handler, Hono } from "hono";
import { etag } from "hono/etag";
import { GatewayError } from "../errors/gateway_error.ts";
import type { GatewayEnv } from "../exchange.ts";
import { unauthenticatedLimit } from "../middleware/unauthenticated_limit.ts";
import { responseBody } from "../middleware/response_slots.ts";
import { SCRIPT } from "../reference/browser/script.ts";
import {
  DOCUMENTED_IDS,
  GUIDE_PATHS,
  IMMUTABLE_PATHS,
  operationPath,
  PATHS,
} from "../reference/paths.ts";
import { acceptsGzip, compressed, type Resource, ResourceStore } from "../reference/resource.ts";
import { STYLE } from "../reference/style/style.ts";

const HTML = "text/html; charset=utf-8";

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
    type: HTML,
    load: async () =>
      await compressed((await import("../reference/reference_page.ts")).referencePage()),
  },
  ...Object.fromEntries(DOCUMENTED_IDS.map((id) => [operationPath(id), {
    type: HTML,
    load: async () =>
      await compressed((await import("../reference/operation_page.ts")).operationPage(id)),
  }])),
  [PATHS.errors]: {
    type: HTML,
    load: async () => await compressed((await import("../reference/errors_page.ts")).errorsPage()),
  },
  [PATHS.policies]: {
    type: "application/schema+json",
    load: async () => {
      const { policiesJsonSchema } = await import("../reference/policies_schema.ts");
      return await compressed(JSON.stringify(policiesJsonSchema()));
    },
  },
  ...Object.fromEntries(GUIDE_PATHS.map((path) => [path, {
    type: HTML,
    load: async () =>
      await compressed(await (await import("../reference/guide_page.ts")).guidePage(path)),
  }])),
  [PATHS.search]: {
    type: "application/json",
    load: async () => {
      const { searchIndex } = await import("../reference/search_index.ts");
      return await compressed(JSON.stringify(searchIndex()));
    },
  },
  [PATHS.style]: { type: "text/css; charset=utf-8", load: () => compressed(STYLE) },
  [PATHS.script]: { type: "text/javascript; charset=utf-8", load: () => compressed(SCRIPT) },
};

/**
 * Scripts, styles and requests of this host only; no inline scripts, no framing. Images are data
 * URLs in the style sheet.
 */
export const SECURITY_HEADERS = {
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

/** Loads the modules that make the resources, which have to open files. */
export async function importDocs(): Promise<void> {
  const { importGuides } = await import("../reference/guide_page.ts");
  await Promise.all([
    import("../reference/openapi.ts"),
    import("../reference/reference_page.ts"),
    import("../reference/operation_page.ts"),
    import("../reference/errors_page.ts"),
    import("../reference/policies_schema.ts"),
    import("../reference/search_index.ts"),
    importGuides(),
  ]);
}

/** Makes every resource before it is requested. */
export async function preloadDocs(): Promise<void> {
  for (const [, store] of STORES) await store.gzipped();
}

/** Mounts `/openapi.json`, `/docs` and their assets, without authentication. */
export function mountDocs(app: Hono<GatewayEnv>): void {
  const share = unauthenticatedLimit(MAX_UNREAD_RESPONSES);
  for (const [path, store] of STORES) {
    app.get(path, share, etag(), resourceHandler(store, IMMUTABLE_PATHS.has(path)));
    app.all(path, methodNotAllowed);
  }
}

function resourceHandler(store: ResourceStore, immutable: boolean): Handler<GatewayEnv> {
  const { type } = store.resource;
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
