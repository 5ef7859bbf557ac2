import { CredentialFilter } from "./credential_filter.ts";
import { ApiToken } from "./credentials/api_token.ts";
import { ClientCredentials } from "./credentials/client_credentials.ts";
import type { PlanCredential } from "./credentials/plan_credential.ts";
import type { TokenFetcher } from "./credentials/token_fetcher.ts";
import type { KeyPair } from "./credentials/token_request.ts";
import type { Waiting } from "./credentials/waiting.ts";
import type { UpstreamTarget } from "./target.ts";

/** Service plan id → API token, or project id → client credentials. */
export type ServicePlans = Readonly<Record<string, string | KeyPair>>;

/** Options of {@linkcode Credentials}. */
export interface CredentialsOptions {
  /** The SMS API for API tokens. */
  target: UpstreamTarget;
  /** The SMS API for OAuth 2.0 tokens. */
  oauthTarget: UpstreamTarget;
  fetcher: TokenFetcher;
  waiting: Waiting;
}

/** Tokens fetched in advance, before the first request: more at once would look like a flood. */
const MAX_FETCHED_AHEAD = 16;

/** The gateway's own credentials for the SMS API. Printing or serializing it shows none of them. */
export class Credentials {
  #plans: ReadonlyMap<string, PlanCredential> = new Map();
  /** Client credentials by key id and secret; projects with the same ones share a token. */
  #clients: ReadonlyMap<string, ClientCredentials> = new Map();
  #secrets: readonly string[] = [];
  #filter = new CredentialFilter([]);
  readonly #options: CredentialsOptions;

  constructor(servicePlans: ServicePlans, options: CredentialsOptions) {
    this.#options = options;
    this.replace(servicePlans);
  }

  /**
   * Replaces all credentials; requests that were sent already keep theirs. Client credentials that
   * did not change keep their token.
   */
  replace(servicePlans: ServicePlans): void {
    const before = [...this.#secrets, ...[...this.#clients.values()].map(({ secret }) => secret)];
    const clients = new Map<string, ClientCredentials>();
    const plans = Object.entries(servicePlans);
    this.#secrets = plans.map(([, plan]) => typeof plan === "string" ? plan : plan.key_secret);
    this.#filter = new CredentialFilter([...before, ...this.#secrets]);
    this.#plans = new Map(plans.map(([id, plan]) => [id, this.#create(plan, clients)]));
    for (const [key, client] of this.#clients) if (!clients.has(key)) client.retire();
    this.#clients = clients;
  }

  /** Fetches the first tokens in the background, before requests need them. */
  fetchAhead(): void {
    for (const client of [...this.#clients.values()].slice(0, MAX_FETCHED_AHEAD)) {
      if (client.fetchedAt === undefined) client.fetchAhead();
    }
  }

  /** The service plans that have a credential. */
  plans(): Iterable<string> {
    return this.#plans.keys();
  }

  has(servicePlanId: string): boolean {
    return this.#plans.has(servicePlanId);
  }

  /**
   * The credential of a service plan.
   *
   * @throws {Error} when there is none; see {@linkcode has}
   */
  of(servicePlanId: string): PlanCredential {
    const credential = this.#plans.get(servicePlanId);
    if (credential === undefined) throw new Error("no credential for this service plan");
    return credential;
  }

  /**
   * Removes the credentials of a service plan from texts of the upstream, with the API tokens and
   * key secrets of all plans, and those before the last replacement.
   */
  filterOf(servicePlanId: string): CredentialFilter {
    return this.#plans.get(servicePlanId)?.filter ?? this.#filter;
  }

  /** Age of the oldest OAuth token in use, in ms; undefined if there is none. */
  get oldestTokenMs(): number | undefined {
    const times = [...this.#clients.values()].flatMap(({ fetchedAt }) => fetchedAt ?? []);
    return times.length === 0 ? undefined : performance.now() - Math.min(...times);
  }

  /** Whether there is no OAuth token for a plan, since it could not be fetched. */
  get isTokenUnavailable(): boolean {
    return [...this.#clients.values()].some(({ isUnavailable }) => isUnavailable);
  }

  /** Aborts what is being fetched, and renews nothing any more. */
  close(): void {
    for (const client of this.#clients.values()) client.retire();
    this.#options.fetcher.close();
  }

  #plansOf(client: ClientCredentials): string[] {
    return [...this.#plans].flatMap(([id, credential]) => credential === client ? [id] : []);
  }

  #create(plan: string | KeyPair, clients: Map<string, ClientCredentials>): PlanCredential {
    const { target, oauthTarget, fetcher, waiting } = this.#options;
    if (typeof plan === "string") return new ApiToken(plan, target, this.#filter);
    const key = JSON.stringify([plan.key_id, plan.key_secret]);
    const client: ClientCredentials = clients.get(key) ?? this.#clients.get(key) ??
      new ClientCredentials(plan, {
        servicePlans: () => this.#plansOf(client),
        target: oauthTarget,
        filter: () => this.#filter,
        fetcher,
        waiting,
      });
    clients.set(key, client);
    return client;
  }
}
