import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import { note } from "./print.ts";
import { exists } from "./process.ts";

/** Issuer and audience of the tokens. */
export const ISSUER = "https://issuer.bench.example";
export const AUDIENCE = "sms-gateway";

/** Longer than tokens are kept, so that they are valid during the whole run. */
const TOKEN_LIFETIME_S = 2 * 86_400;

/** Key and tokens are kept for a day: signing takes long. */
const KEEP_MS = 86_400_000;

/** Number of tokens signed concurrently: the runtime signs in several threads. */
const BATCH = 256;

/** Targets of the load: pairs of a service plan and a token. */
export interface TargetSet {
  /** Used in the name of the cache file. */
  readonly name: string;
  readonly count: number;
  /** The service plan of the nth target. */
  readonly plan: (index: number) => string;
  /** The subject of the nth token; default: a different one for each. */
  readonly caller?: (index: number) => string;
}

/** Issues RS256 tokens, and caches them in a folder. */
export class Issuer {
  private constructor(
    private readonly folder: string,
    private readonly key: CryptoKey,
    /** The public half, as `AUTH_JWKS` takes it. */
    readonly keySet: string,
  ) {}

  /** Loads the key from the folder, or generates a new one if it is older than a day. */
  static async open(folder: string): Promise<Issuer> {
    const keyFile = `${folder}/key.json`;
    const madeAt = await Deno.stat(keyFile).then(({ mtime }) => mtime?.getTime() ?? 0, () => 0);
    if (Date.now() - madeAt > KEEP_MS) {
      await Deno.remove(folder, { recursive: true }).catch(() => {});
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(keyFile, JSON.stringify(await newKey()), { mode: 0o600 });
    }
    const jwk: JWK = JSON.parse(await Deno.readTextFile(keyFile));
    const key = await importJWK(jwk, "RS256");
    if (!(key instanceof CryptoKey)) throw new TypeError("An RSA key is not a secret");
    const { kty, n, e } = jwk;
    const publicKey = { kty, n, e, kid: "bench", alg: "RS256", use: "sig" };
    return new Issuer(folder, key, JSON.stringify({ keys: [publicKey] }));
  }

  /** Writes a file of lines "plan <tab> token" with unique tokens, and returns its path. */
  async targets(set: TargetSet): Promise<string> {
    const { name, count, plan, caller = (index) => `service-${index}` } = set;
    const file = `${this.folder}/${name}-${count}.txt`;
    if (await exists(file)) return file;
    if (count > BATCH) note(`signing ${count} tokens, once a day`);
    const lines: string[] = [];
    while (lines.length < count) {
      const indexes = Array.from(
        { length: Math.min(BATCH, count - lines.length) },
        (_, i) => lines.length + i,
      );
      lines.push(
        ...await Promise.all(indexes.map(async (index) => {
          return `${plan(index)}\t${await this.#token(caller(index), plan(index))}`;
        })),
      );
    }
    await Deno.writeTextFile(file, lines.join("\n") + "\n", { mode: 0o600 });
    return file;
  }

  #token(subject: string, plan: string): Promise<string> {
    return new SignJWT({ service_plans: [plan], jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: "RS256", kid: "bench", typ: "JWT" })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1_000) + TOKEN_LIFETIME_S)
      .sign(this.key);
  }
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return await exportJWK(privateKey);
}
