import * as v from "valibot";
import { isPlainHttpUrl } from "../setting_schemas.ts";
import { downloadJson, downloadKeySet, KeySetDownloadError } from "./key_set_download.ts";

/** The members of an issuer's metadata that are used. */
const Metadata = v.object({ issuer: v.string(), jwks_uri: v.string() });

/**
 * Downloads the text of an issuer's key set, whose address its metadata has.
 *
 * @throws {KeySetDownloadError} when there is no metadata of this issuer, and as
 * {@linkcode downloadKeySet} does
 */
export async function discoverKeySet(
  issuer: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<string> {
  return await downloadKeySet(await keySetUrl(issuer, fetch, signal), fetch, signal);
}

/**
 * Where metadata may be: of OpenID Connect (Discovery 1.0 §4, appended to the issuer), else of an
 * authorization server (RFC 8414 §3.1, inserted before the issuer's path).
 */
export function metadataUrls(issuer: string): [openId: string, oauth: string] {
  const { origin, pathname, search } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  return [
    `${origin}${path}/.well-known/openid-configuration${search}`,
    `${origin}/.well-known/oauth-authorization-server${path}${search}`,
  ];
}

async function keySetUrl(
  issuer: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<string> {
  const [openId, oauth] = metadataUrls(issuer);
  const text = await downloadJson(openId, fetch, signal).catch((error) => {
    if (!(error instanceof KeySetDownloadError) || !isRefusal(error)) throw error;
    return downloadJson(oauth, fetch, signal);
  });
  return checkedKeySetUrl(text, issuer);
}

/** A 4xx: the issuer has nothing there. */
function isRefusal({ status = 0 }: KeySetDownloadError): boolean {
  return status >= 400 && status < 500;
}

/** Metadata of another issuer must not be used (RFC 8414 §3.3): it could name foreign keys. */
function checkedKeySetUrl(text: string, issuer: string): string {
  const { success, output } = v.safeParse(Metadata, JSON.parse(text));
  if (!success) throw new KeySetDownloadError("metadata lacks issuer or jwks_uri");
  if (output.issuer !== issuer) {
    throw new KeySetDownloadError("metadata is of another issuer; compare the slash at the end");
  }
  const isDowngrade = issuer.startsWith("https:") && !output.jwks_uri.startsWith("https:");
  if (!isPlainHttpUrl(output.jwks_uri) || isDowngrade) {
    throw new KeySetDownloadError("metadata has a jwks_uri that cannot be used");
  }
  return output.jwks_uri;
}
