import type { CredentialFilter } from "../credential_filter.ts";
import type { UpstreamTarget } from "../target.ts";
import type { PlanCredential } from "./plan_credential.ts";

/** An API token of a service plan: it is sent as it is, and cannot be renewed. */
export class ApiToken implements PlanCredential {
  readonly #authorization: string;

  constructor(token: string, readonly target: UpstreamTarget, readonly filter: CredentialFilter) {
    this.#authorization = `Bearer ${token}`;
  }

  authorization(): string {
    return this.#authorization;
  }

  renew(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}
