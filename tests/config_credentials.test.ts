import { reset } from "@logtape/logtape";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConfigError, parseConfig } from "../config.ts";
import { loadConfig } from "../entry/load_config.ts";
import { warnOfRegion } from "../entry/warn_of_region.ts";
import { certificateAuthority } from "./support/certificates.ts";
import { recordLogs } from "./support/log_records.ts";

const USUAL = {
  SERVICE_PLANS: '{"project-1":{"key_id":"id","key_secret":"secret"},"plan-1":"token-1"}',
  AUTH_JWKS_URL: "https://issuer.example/jwks.json",
  AUTH_ISSUER: "https://issuer.example",
  AUTH_AUDIENCE: "sms-gateway",
};
const CERT = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
const KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----";

for (const region of ["us", "eu"]) {
  Deno.test(`client credentials are used at the OAuth host of ${region}, and API tokens at the other`, () => {
    const { upstream } = parseConfig({ ...USUAL, SMS_REGION: region });
    assertEquals(upstream.oauthUrl, `https://zt.${region}.sms.api.sinch.com`);
    assertEquals(upstream.url, `https://${region}.sms.api.sinch.com`);
    assertEquals(upstream.tokenUrl, "https://auth.sinch.com/oauth2/token");
  });
}

Deno.test("SMS_API_URL replaces both hosts, in every region", () => {
  const url = "https://api.example";
  const { upstream } = parseConfig({ ...USUAL, SMS_REGION: "au", SMS_API_URL: url });
  assertEquals([upstream.url, upstream.oauthUrl], [url, url]);
});

const plans = (credential: unknown) => ({ SERVICE_PLANS: JSON.stringify({ p: credential }) });

/** Settings that are not usable, and the first word of the only fault. */
const FAULTS: readonly [name: string, env: Record<string, string>, variable: string][] = [
  ["client credentials in a region without OAuth", { SMS_REGION: "au" }, "SERVICE_PLANS"],
  ["a key id with a colon", plans({ key_id: "a:b", key_secret: "s" }), "SERVICE_PLANS"],
  ["a secret with a line feed", plans({ key_id: "a", key_secret: "s\n" }), "SERVICE_PLANS"],
  ["a key id without a secret", plans({ key_id: "a" }), "SERVICE_PLANS"],
  ["another member", plans({ key_id: "a", key_secret: "s", x: 1 }), "SERVICE_PLANS"],
  ["a certificate without a key", { SMS_CLIENT_CERT: CERT }, "SMS_CLIENT_CERT"],
  ["a key without a certificate", { SMS_CLIENT_KEY: KEY }, "SMS_CLIENT_CERT"],
  ["a key as a certificate", { SMS_CLIENT_CERT: KEY, SMS_CLIENT_KEY: KEY }, "SMS_CLIENT_CERT"],
  ["a SOCKS proxy", { HTTPS_PROXY: "socks5://proxy.test" }, "HTTPS_PROXY"],
  ["a proxy without a scheme", { https_proxy: "proxy:3128" }, "https_proxy"],
];

for (const [name, env, variable] of FAULTS) {
  Deno.test(`${name} stops the start`, () => {
    const { faults } = assertThrows(() => parseConfig({ ...USUAL, ...env }), ConfigError);
    assertEquals(faults.map((fault) => fault.split(" ", 1)[0]), [variable]);
  });
}

const ca = await certificateAuthority();
const [own, other] = await Promise.all([ca.issue(), ca.issue({ host: "other" })]);
const sms = (cert: string, key: string) => ({ SMS_CLIENT_CERT: cert, SMS_CLIENT_KEY: key });
const otlp = (cert: string, key: string) => ({
  OTLP_CLIENT_CERTIFICATE: cert,
  OTLP_CLIENT_KEY: key,
});

/** Certificates and keys, and the settings that the faults name. */
const CERTIFICATES: readonly [name: string, env: Record<string, string>, faults: string[]][] = [
  ["a pair that belongs together", sms(own.cert, own.key), []],
  ["a chain, its own certificate first", sms(`${own.cert}\n${ca.cert}`, own.key), []],
  ["a chain in the wrong order", sms(`${ca.cert}\n${own.cert}`, own.key), ["SMS_CLIENT_CERT"]],
  ["the key of another certificate", sms(own.cert, other.key), ["SMS_CLIENT_CERT"]],
  ["no certificate within the frame", sms(CERT, own.key), ["SMS_CLIENT_CERT"]],
  ["no key within the frame", sms(own.cert, KEY), ["SMS_CLIENT_KEY"]],
  ["an unusable certificate in the chain", sms(`${own.cert}\n${CERT}`, own.key), [
    "SMS_CLIENT_CERT",
  ]],
  ["a pair for the collector", { ...otlp(own.cert, own.key), OTLP_CERTIFICATE: ca.cert }, []],
  ["the key of another certificate for the collector", otlp(own.cert, other.key), [
    "OTLP_CLIENT_CERTIFICATE",
  ]],
  ["unusable PEM for the collector", { ...otlp(CERT, KEY), OTLP_CERTIFICATE: CERT }, [
    "OTLP_CERTIFICATE",
    "OTLP_CLIENT_CERTIFICATE",
    "OTLP_CLIENT_KEY",
  ]],
];

for (const [name, env, expected] of CERTIFICATES) {
  Deno.test(`${name} ${expected.length > 0 ? "stops" : "allows"} the start`, async () => {
    const loaded = loadConfig({ ...USUAL, ...env });
    if (expected.length === 0) return void await loaded;
    const { faults } = await assertRejects(() => loaded, ConfigError);
    assertEquals(faults.map((fault) => fault.split(" ", 1)[0]), expected);
  });
}

Deno.test("proxies are read in upper or lower case", () => {
  const { proxy } = parseConfig({ ...USUAL, https_proxy: "http://a:1", NO_PROXY: "b" });
  assertEquals(proxy, { https: "http://a:1", http: undefined, no: "b" });
});

/** Environments, and whether their region is nobody's decision. */
const REGIONS: readonly [env: Record<string, string>, warns: boolean][] = [
  [{}, true],
  [{ SMS_REGION: "" }, true],
  [{ SMS_REGION: "us" }, false],
  [{ SMS_API_URL: "https://api.example" }, false],
];

Deno.test("the start warns if neither SMS_REGION nor SMS_API_URL is set", async () => {
  const records = await recordLogs();
  try {
    for (const [env, warns] of REGIONS) {
      warnOfRegion(env);
      assertEquals(records.splice(0).map(({ level }) => level), warns ? ["warning"] : []);
    }
  } finally {
    await reset();
  }
});
