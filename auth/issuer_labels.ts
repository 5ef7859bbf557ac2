/**
 * Short names of issuers for logs, metrics and `/readyz`: the host of their URL, with the place in
 * the settings where several have the same host, such as the realms of one Keycloak, or none.
 */
export function issuerLabels(issuers: readonly string[]): string[] {
  const hosts = issuers.map(hostOf);
  return hosts.map((host, index) => {
    const isUnique = host !== "" && hosts.filter((other) => other === host).length === 1;
    return isUnique ? host : `${host || "issuer"}#${index + 1}`;
  });
}

function hostOf(issuer: string): string {
  return /^https?:/.test(issuer) && URL.canParse(issuer) ? new URL(issuer).host : "";
}
