import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Config } from "../config.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[^-]*-----END \1PRIVATE KEY-----/;

/** Name of a setting, and its value, in PEM. */
type Pem = readonly [setting: string, pem: string | undefined];

/**
 * What is wrong with the certificates and keys of a configuration, a sentence for each: with an
 * unusable one, every connection would fail that needs it. Quotes nothing of them.
 */
export function certificateFaults({ upstream, telemetry: { tls } }: Config): string[] {
  const { clientCertificate } = upstream;
  return [
    ...chainFaults(["OTLP_CERTIFICATE", tls.ca]),
    ...pairFaults(["OTLP_CLIENT_CERTIFICATE", tls.cert], ["OTLP_CLIENT_KEY", tls.key]),
    ...pairFaults(
      ["SMS_CLIENT_CERT", clientCertificate?.cert],
      ["SMS_CLIENT_KEY", clientCertificate?.key],
    ),
  ];
}

/** The first certificate is that of the key; further ones are its chain. */
function pairFaults(cert: Pem, key: Pem): string[] {
  if (cert[1] === undefined || key[1] === undefined) return []; // see config_conflicts.ts
  const privateKey = privateKeyOf(key[1]);
  const faults = [
    ...chainFaults(cert),
    ...privateKey ? [] : [`${key[0]} has a private key that cannot be read`],
  ];
  if (faults.length > 0 || !privateKey) return faults;
  return certificatesOf(cert[1])[0]?.checkPrivateKey(privateKey)
    ? []
    : [`${cert[0]} and ${key[0]} do not belong together: the key is that of another certificate`];
}

function chainFaults([setting, pem]: Pem): string[] {
  if (pem === undefined || certificatesOf(pem).length > 0) return [];
  return [`${setting} has a certificate that cannot be read, or none`];
}

/** All certificates; empty if one of them cannot be read. */
function certificatesOf(pem: string): X509Certificate[] {
  try {
    return (pem.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

function privateKeyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(PRIVATE_KEY.exec(pem)?.[0] ?? "");
  } catch {
    return undefined;
  }
}
