import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import { note } from "./print.ts";
import { exists } from "./process.ts";

/** Who the benchmark's callers are, for the gateway's configuration. */
export const ISSUER = "https://issuer.bench.example";
export const AUDIENCE = "sms-gateway";

/** Tokens are made once and kept for a day, with a key that is never used for anything else. */
const TOKEN_LIFETIME_S = 2 * 86_400;
const KEEP_MS = 86_400_000;

/** Signatures are made side by side, on as many threads as the runtime has. */
const BATCH = 256;

/** Targets of the load: each a service plan and the token to use for it. */
export interface TargetSet {
  /** Names the file that the set is kept in. */
  readonly name: string;
  readonly count: number;
  /** The service plan that the nth target is for. */
  readonly plan: (index: number) => string;
  /** Whom the nth token is for; default: each for another caller. */
  readonly caller?: (index: number) => string;
}

/** Makes RS256 tokens, and keeps them in a folder for the next run. */
export class Issuer {
  private constructor(
    private readonly folder: string,
    private readonly key: CryptoKey,
    /** The public half, as `AUTH_JWKS` takes it. */
    readonly keySet: string,
  ) {}

  /** Takes the key that the folder holds, or makes a new one if it is a day old. */
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

  /** A file of lines "plan <tab> token", no token twice. */
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
