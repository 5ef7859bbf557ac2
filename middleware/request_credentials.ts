import type { Config } from "../config.ts";
import type { Exchange } from "../exchange.ts";
import { CredentialFilter } from "../upstream/credential_filter.ts";
import type { Credentials } from "../upstream/credentials.ts";
import { ApiToken } from "../upstream/credentials/api_token.ts";
import type { PlanCredential } from "../upstream/credentials/plan_credential.ts";
import { upstreamTarget } from "../upstream/target.ts";
import { isTest } from "./policy_mode.ts";

/**
 * The credential of each request: that of its service plan, or that of the test API for callers in
 * the mode `test`, to which no credential of a service plan is ever sent.
 */
export class RequestCredentials {
  readonly #ofPlans: Credentials;
  #ofTestApi: ApiToken | undefined;

  constructor(ofPlans: Credentials, testApi: Config["testApi"]) {
    this.#ofPlans = ofPlans;
    this.replaceTestApi(testApi);
  }

  /** Takes over another test API, or another token for it. */
  replaceTestApi(testApi: Config["testApi"]): void {
    this.#ofTestApi = testApi && new ApiToken(
      testApi.token,
      upstreamTarget(testApi.url),
      new CredentialFilter([testApi.token]),
    );
  }

  /** The credential; it says which SMS API the request is sent to. */
  of(exchange: Exchange): PlanCredential {
    return isTest(exchange) ? this.#testApi() : this.#ofPlans.of(exchange.servicePlanId ?? "");
  }

  /** Removes the credentials that a request may have been sent with from texts of the API. */
  filterOf(exchange: Exchange): CredentialFilter {
    return isTest(exchange)
      ? this.#testApi().filter
      : this.#ofPlans.filterOf(exchange.servicePlanId ?? "");
  }

  /** A configuration with a policy in the mode `test` and no API for it is refused at the start. */
  #testApi(): ApiToken {
    if (!this.#ofTestApi) throw new Error("there is no API for the mode test");
    return this.#ofTestApi;
  }
}
