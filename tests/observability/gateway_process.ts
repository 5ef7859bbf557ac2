import { testEnv } from "../support/gateway.ts";
import { type TestIssuer, testIssuer, type TokenOptions } from "../support/issuer.ts";
import { startProgram } from "../support/process.ts";
import { until } from "./until.ts";

/** Options of {@linkcode startGateway}. */
export interface StartGatewayOptions {
  /** Base URL of the upstream. */
  upstream: string;
  /**
   * Environment variables beside the usual ones. Retries are off by default. If the log does not
   * contain the port, `PORT` must be a free one.
   */
  env?: Record<string, string>;
  issuer?: TestIssuer;
}

/** The output of a gateway from its start to its end. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `main.ts` as a listening process; killed at the end of the scope. */
export interface GatewayProcess extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly issuer: TestIssuer;
  token(options?: TokenOptions): Promise<string>;
  /** Stops the process at once, waits for its end, and returns its output. */
  stop(): Promise<Output>;
}

let commonIssuer: Promise<TestIssuer> | undefined;

/** Starts the gateway on a free port of this machine, without this process's environment. */
export async function startGateway(
  { upstream, env, issuer: given }: StartGatewayOptions,
): Promise<GatewayProcess> {
  const issuer = given ?? await (commonIssuer ??= testIssuer());
  const { AUTH_JWKS, ...usual } = testEnv(issuer);
  const program = startProgram("main.ts", {
    ...usual,
    ...(!env?.AUTH_JWKS_URL && AUTH_JWKS && { AUTH_JWKS }),
    SMS_API_URL: upstream,
    RETRY_ATTEMPTS: "0",
    ...env,
  });
  const port = Number(
    env?.PORT ?? (await program.waitFor(/listening\W+url\W+http:\/\/127\.0\.0\.1:(\d+)/))[1],
  );
  const url = `http://127.0.0.1:${port}`;
  await until("a gateway that listens", () => fetch(`${url}/livez`).then(isAlive, () => false));
  return {
    url,
    port,
    issuer,
    token: (options) => issuer.token(options),
    stop() {
      // A second signal ends the delay in which a load balancer may notice /readyz.
      program.kill("SIGTERM");
      program.kill("SIGINT");
      return program.ended();
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

async function isAlive(response: Response): Promise<boolean> {
  await response.body?.cancel();
  return response.ok;
}
