import { faultText, signingKeys } from "../auth/signing_keys.ts";
import { type Config, ConfigError, type Environment, parseConfig } from "../config.ts";

/**
 * Parses an environment and tests the keys of AUTH_JWKS, so that an unusable key stops the start
 * and does not fail the requests of the callers whose tokens it signs.
 *
 * @throws {ConfigError} as {@linkcode parseConfig} does, or naming each unusable key
 */
export async function loadConfig(env: Environment): Promise<Config> {
  const config = parseConfig(env);
  const { keySet } = config.auth;
  if (!("jwks" in keySet)) return config;
  const { jwks, faults } = await signingKeys(keySet.jwks.keys);
  if (faults.length > 0) {
    throw new ConfigError(faults.map((fault) => `AUTH_JWKS: ${faultText(fault)}`));
  }
  if (jwks.keys.length === 0) throw new ConfigError(["AUTH_JWKS has no key for signatures"]);
  return config;
}
