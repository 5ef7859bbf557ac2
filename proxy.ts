/** The proxies of an environment, as curl and most programs understand the variables. */
export interface ProxySettings {
  /** Proxy for https URLs. */
  readonly https: string | undefined;
  /** Proxy for http URLs. */
  readonly http: string | undefined;
  /** Hosts that are reached directly, separated by commas or blanks; `*` is all of them. */
  readonly no: string;
}

/** An entry of NO_PROXY: a host name or an address, with an optional port. */
interface DirectHost {
  readonly host: string;
  readonly port: string | undefined;
}

/** Chooses the proxy of a URL; undefined: it is reached directly. */
export type ProxyOf = (url: URL) => string | undefined;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/**
 * The proxy of each URL. An entry of NO_PROXY stands for the host and all its subdomains, with or
 * without a leading dot; with a port for that port only.
 */
export function proxies({ https, http, no }: ProxySettings): ProxyOf {
  const entries = no.toLowerCase().split(/[\s,]+/).filter((entry) => entry !== "");
  const direct = entries.map(directHost);
  const none = entries.includes("*");
  return (url) => {
    const proxy = url.protocol === "https:" ? https : http;
    if (proxy === undefined || none || direct.some((entry) => includes(entry, url))) {
      return undefined;
    }
    return proxy;
  };
}

function directHost(entry: string): DirectHost {
  const [, bracketed, named, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  const host = bracketed ?? named ?? entry; // an IPv6 address without brackets has colons
  return { host: host.replace(/^\*?\./, ""), port };
}

function includes({ host, port }: DirectHost, url: URL): boolean {
  const name = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (port !== undefined && port !== (url.port || DEFAULT_PORTS[url.protocol])) return false;
  return name === host || name.endsWith(`.${host}`);
}
