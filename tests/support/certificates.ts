import "reflect-metadata"; // required by x509
import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;

/** A certificate and its private key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Options of {@linkcode CertificateAuthority.issue}. */
export interface IssueOptions {
  /** DNS name of the subject; default: `localhost`. */
  host?: string;
  /** Whether it is expired; default: false. */
  expired?: boolean;
}

/** A private certificate authority. */
export interface CertificateAuthority {
  /** Its certificate, in PEM. */
  readonly cert: string;
  issue(options?: IssueOptions): Promise<Certificate>;
}

/** Makes a certificate authority, with WebCrypto alone. */
export async function certificateAuthority(): Promise<CertificateAuthority> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(false),
    name: "CN=Test CA",
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    cert: root.toString("pem"),
    async issue({ host = "localhost", expired = false } = {}) {
      const own = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
      const leaf = await x509.X509CertificateGenerator.create({
        ...validity(expired),
        subject: `CN=${host}`,
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: [
          new x509.BasicConstraintsExtension(false),
          new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }]),
        ],
      });
      const pkcs8 = await crypto.subtle.exportKey("pkcs8", own.privateKey);
      return {
        cert: leaf.toString("pem"),
        key: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
      };
    },
  };
}

function validity(expired: boolean): { notBefore: Date; notAfter: Date; serialNumber: string } {
  const now = Date.now();
  return {
    serialNumber: String(crypto.getRandomValues(new Uint32Array(1))[0]),
    notBefore: new Date(now - 30 * DAY_MS),
    notAfter: new Date(expired ? now - DAY_MS : now + DAY_MS),
  };
}
