/**
 * Health check of the container, which has no curl: ends with 0 if `/livez` answers. Not `/readyz`:
 * an instance that is not ready, because its issuer is down, would be restarted for nothing.
 */

const host = Deno.env.get("HOST") || "0.0.0.0";
const address = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
const url = `http://${address.includes(":") ? `[${address}]` : address}`;

/** Less than the health check's own timeout, in ms. */
const TIMEOUT_MS = 2_000;

const response = await fetch(`${url}:${Deno.env.get("PORT") || "8080"}/livez`, {
  signal: AbortSignal.timeout(TIMEOUT_MS),
}).catch((error: Error) => new Response(error.message, { status: 503 }));
if (!response.ok) {
  // deno-lint-ignore no-console -- `docker inspect` shows it
  console.error(await response.text());
  Deno.exit(1);
}
