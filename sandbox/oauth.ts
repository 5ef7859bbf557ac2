/** OAuth 2.0 access tokens for access keys (RFC 6749 §4.4), as the API's token endpoint issues them. */

import type { Context, Handler } from "hono";
import { BoundedStore } from "./bounded_store.ts";
import type { SandboxEnv } from "./env.ts";
import type { Settings } from "./options.ts";

/** Tokens that are known at the same time; beyond that the oldest expire. */
const MAX_TOKENS = 10_000;

/** The access tokens that the sandbox has issued. They are good for every service plan. */
export class AccessTokens {
  readonly #settings: Settings;
  readonly #expiries = new BoundedStore<number>({ maxEntries: MAX_TOKENS, maxWeight: MAX_TOKENS });

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Issues a token for an access key; undefined if there is no such key. */
  issue({ id, secret }: AccessKey): string | undefined {
    const { accessKeys, now, tokenLifetimeS } = this.#settings;
    if (accessKeys && (!Object.hasOwn(accessKeys, id) || accessKeys[id] !== secret)) return;
    const token = `sandbox-${crypto.randomUUID()}`;
    this.#expiries.set(token, now() + tokenLifetimeS * 1_000, 1);
    return token;
  }

  /** Whether a token was issued, has not expired and was not revoked. */
  accepts(token: string): boolean {
    return this.#settings.now() < (this.#expiries.get(token) ?? 0);
  }

  /** Revokes all tokens. */
  revoke(): void {
    this.#expiries.clear();
  }
}

interface AccessKey {
  readonly id: string;
  readonly secret: string;
}

/** `POST /oauth2/token`: the client credentials grant, by HTTP Basic or in the form. */
export function tokenEndpoint(
  tokens: AccessTokens,
  { tokenLifetimeS }: Settings,
): Handler<SandboxEnv> {
  return async function tokenEndpoint(c) {
    const form = new URLSearchParams(await c.req.text());
    if (form.get("grant_type") !== "client_credentials") {
      return refuse(c, 400, "unsupported_grant_type");
    }
    const key = accessKeyOf(c.req.header("authorization"), form);
    const token = key && tokens.issue(key);
    if (token === undefined) return refuse(c, 401, "invalid_client");
    return c.json(
      { access_token: token, token_type: "bearer", expires_in: tokenLifetimeS, scope: "" },
      200,
      { "cache-control": "no-store" },
    );
  };
}

function refuse(c: Context<SandboxEnv>, status: 400 | 401, error: string): Response {
  const challenge = status === 401 ? { "www-authenticate": "Basic" } : {};
  return c.json({ error }, status, { "cache-control": "no-store", ...challenge });
}

function accessKeyOf(
  authorization: string | undefined,
  form: URLSearchParams,
): AccessKey | undefined {
  const [, encoded] = /^Basic +(\S+)$/i.exec(authorization ?? "") ?? [];
  const [id, secret] = encoded === undefined
    ? [form.get("client_id"), form.get("client_secret")]
    : decoded(encoded).split(/:(.*)/s);
  return id && secret ? { id, secret } : undefined;
}

function decoded(encoded: string): string {
  try {
    return atob(encoded);
  } catch {
    return ""; // not Base64
  }
}
