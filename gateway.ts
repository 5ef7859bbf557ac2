import { getLogger } from "@logtape/logtape";
import { ulid } from "@std/ulid";
import { type KeySet, RemoteKeySet, staticKeySet } from "./auth/key_set.ts";
import type { Config } from "./config.ts";
import { createApp, type Dependencies } from "./routes/app.ts";
import { accessLog } from "./telemetry/logs.ts";
import { setupTelemetry } from "./telemetry/setup.ts";
import type { Transport } from "./upstream/transport.ts";

/** What a runtime has to bring. */
export interface RuntimeParts extends Partial<Dependencies> {
  transport: Transport;
}

/** A gateway with everything it needs, on whatever runtime. */
export interface Gateway {
  fetch: (request: Request, bindings?: object) => Response | Promise<Response>;
  /** From now on `/readyz` says no, so that no new requests are routed here. */
  stopAccepting(): void;
  /** Closes connections and exports what is left; call it when the last request is answered. */
  close(): Promise<void>;
}

/** Puts a gateway together: config and the world in, a fetch handler out. */
export function createGateway(config: Config, parts: RuntimeParts): Gateway {
  let stopping = false;
  const telemetry = setupTelemetry(config.telemetry);
  const app = createApp(config, {
    keySet: keySetOf(config),
    tracer: telemetry.tracer,
    now: Date.now,
    newId: () => ulid(),
    observers: [accessLog(getLogger("sms-gateway"))],
    isStopping: () => stopping,
    ...parts,
  });
  return {
    fetch: app.fetch,
    stopAccepting: () => void (stopping = true),
    async close() {
      await parts.transport.close();
      await telemetry.shutdown();
    },
  };
}

function keySetOf({ auth }: Config): KeySet {
  if ("jwks" in auth.keySet) return staticKeySet(auth.keySet.jwks);
  const keySet = new RemoteKeySet(auth.keySet.url, {
    maxAgeMs: auth.jwksMaxAgeMs,
    cooldownMs: auth.jwksCooldownMs,
    maxStaleMs: auth.jwksMaxStaleMs,
  });
  void keySet.refresh(); // ahead of the first request
  return keySet;
}
