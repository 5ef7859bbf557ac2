import { faultText, signingKeys } from "../auth/signing_keys.ts";
import { type Config, ConfigError, type Environment, parseConfig } from "../config.ts";
import { certificateFaults } from "./certificate_faults.ts";

/**
 * Parses an environment and tests the keys and certificates in it, so that an unusable one stops
 * the start and does not fail the requests that need it.
 *
 * @throws {ConfigError} as {@linkcode parseConfig} does, or naming each unusable key and certificate
 */
export async function loadConfig(env: Environment): Promise<Config> {
  const config = parseConfig(env);
  const keyFaults = await Promise.all(config.auth.issuers.map((settings, index) => {
    const name = env.AUTH_ISSUERS ? `AUTH_ISSUERS at ${index}.jwks` : "AUTH_JWKS";
    return "jwks" in settings.keySet ? faultsOf(settings.keySet.jwks.keys, name) : [];
  }));
  const faults = [...keyFaults.flat(), ...certificateFaults(config)];
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** What is wrong with the keys of a setting, a sentence for each. */
async function faultsOf(keys: readonly unknown[], name: string): Promise<string[]> {
  const { jwks, faults } = await signingKeys(keys);
  if (faults.length > 0) return faults.map((fault) => `${name}: ${faultText(fault)}`);
  return jwks.keys.length === 0 ? [`${name} has no key for signatures`] : [];
}
