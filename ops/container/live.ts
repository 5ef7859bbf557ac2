/**
 * Health check of the container image, which has no curl: exits with 0 if `/livez` responds. It does
 * not use `/readyz`: restarting an instance that is not ready because its issuer is down is useless.
 */

const host = Deno.env.get("HOST") || "0.0.0.0";
const address = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
const url = `http://${address.includes(":") ? `[${address}]` : address}`;

/** Timeout of the request, in ms: less than that of the health check in the Dockerfile. */
const TIMEOUT_MS = 2_000;

const response = await fetch(
  `${url}:${Deno.env.get("ADMIN_PORT") || Deno.env.get("PORT") || "8080"}/livez`,
  {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  },
).catch((error: Error) => new Response(error.message, { status: 503 }));
if (!response.ok) {
  // deno-lint-ignore no-console -- shown by `docker inspect`
  console.error(await response.text());
  Deno.exit(1);
}
