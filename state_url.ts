/** What a Redis URL says. */
export interface RedisAddress {
  /** One server; or nodes of a Cluster, of which any one is enough to find the others. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly cluster: boolean;
  readonly tls: boolean;
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
}

/** What is allowed, for those who wrote something else. */
const REDIS_URL_FORM = "redis://[user:password@]host[:port][/database], rediss:// for TLS, " +
  "or redis://host:port,host:port?cluster=true for a Cluster";

/** Every form of a store's URL. */
export const STATE_URL_FORM =
  `memory:, sqlite:<file>, sqlite:<file>?synchronous=full, or ${REDIS_URL_FORM}`;

/** A file, and how it is written. */
export const SQLITE_URL = /^sqlite:([^?]+?)(?:\?synchronous=(normal|full))?$/s;

const DEFAULT_PORT = 6379;

// The last @ ends the credentials, so that a password that is not percent-encoded works, too.
const REDIS_URL =
  /^(rediss?):\/\/(?:(.*)@)?([^/?#@]+)(?:\/(\d{0,4}))?(?:\?cluster=(true|false))?$/s;

const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i;

/** Why a URL of a store is refused, in a sentence that quotes nothing of it; or undefined. */
export function stateUrlProblem(url: string): string | undefined {
  if (url === "memory:" || SQLITE_URL.test(url)) return undefined;
  if (!/^rediss?:/.test(url)) return `A store must be ${STATE_URL_FORM}.`;
  const address = parseRedisUrl(url);
  return typeof address === "string" ? address : undefined;
}

/**
 * Reads `redis://[user:password@]host[:port][/database][?cluster=true]`; a Cluster may be given by
 * several nodes, separated by commas. The credentials are percent-decoded where they can be.
 *
 * @returns a sentence, without anything of the URL, where it is something else
 */
export function parseRedisUrl(url: string): RedisAddress | string {
  const [, scheme, credentials, hosts = "", database, cluster] = REDIS_URL.exec(url) ?? [];
  if (!scheme) return `A Redis URL must have the form ${REDIS_URL_FORM}.`;
  const nodes = hosts.split(",").map(parseHost);
  if (!nodes.every((node) => node !== undefined)) {
    return `A Redis URL must name hosts as host, host:port or [IPv6]:port.`;
  }
  const isCluster = cluster === "true";
  if (nodes.length > 1 && !isCluster) return "A Redis URL with several hosts needs ?cluster=true.";
  if (isCluster && Number(database ?? 0) > 0) return "A Redis Cluster has database 0 only.";
  return {
    nodes,
    cluster: isCluster,
    tls: scheme === "rediss",
    database: Number(database ?? 0),
    ...parseCredentials(credentials),
  };
}

function parseHost(text: string): { host: string; port: number } | undefined {
  const [, host, port = DEFAULT_PORT] = HOST.exec(text) ?? [];
  if (!host || Number(port) < 1 || Number(port) > 65_535) return undefined;
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}

function parseCredentials(text = ""): { username?: string; password?: string } {
  const colon = text.indexOf(":");
  const username = decode(colon < 0 ? text : text.slice(0, colon));
  const password = colon < 0 ? "" : decode(text.slice(colon + 1));
  return { ...(username && { username }), ...(password && { password }) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
