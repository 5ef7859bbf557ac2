import { assert } from "@std/assert";
import { delay } from "@std/async/delay";
import { TextLineStream } from "./lines.ts";
import { VARIABLES } from "../../../settings.ts";
import { type TestIssuer, testIssuer } from "../../support/issuer.ts";
import { MEMORY_LIMIT_MIB, memoryGroup } from "./memory_limit.ts";
import { peakMebibytes, residentMebibytes } from "./resident.ts";
import { type Answer, call, type CallOptions } from "./client.ts";

/** The service plan of the drills, and the credential that must never be seen by a caller. */
export const PLAN = "plan-1";
export const CREDENTIAL = "credential-of-plan-1";
const BASE = `/xms/v1/${PLAN}`;
const ROOT = new URL("../../../", import.meta.url);

/** Short, so that a drill ends soon; drills of stopping set their own. */
const SHUTDOWN_GRACE_MS = 900;

/** Longest time for a process to listen on a busy machine, in ms. */
const START_TIMEOUT_MS = 20_000;

/** Options of {@linkcode startGateway}. */
export interface GatewayOptions {
  /** Base URL of the upstream. */
  upstream: string;
  /** Settings beside the usual ones; undefined takes a usual one away. */
  env?: Record<string, string | undefined>;
  issuer?: TestIssuer;
  /** A command that runs the one that follows it, such as prlimit; default: none. */
  under?: readonly string[];
  /** Working folder, below whose `data` it may write; default: that of the project. */
  cwd?: string;
}

/** A gateway in a process of its own, started by the start task's own command. */
export interface GatewayProcess extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  readonly issuer: TestIssuer;
  /** A token that is good for {@linkcode PLAN}. */
  readonly token: string;
  /** Sends a request on a connection of its own; `path` is below the service plan. */
  call(path: string, options?: CallOptions): Promise<Answer>;
  /** Sends a POST of a batch whose body is this text. */
  post(message: string, options?: CallOptions): Promise<Answer>;
  /** The reasons that `/readyz` gives; none where it says 200. */
  unreadiness(): Promise<string[]>;
  /** What `/readyz` names as degraded while it says 200. */
  degradation(): Promise<string[]>;
  /** The sum of all series of a metric; of those whose labels hold `label`, where given. */
  metric(name: string, label?: string): Promise<number>;
  /** Fails unless every slot is given back within a second or so. */
  assertIdle(): Promise<void>;
  signal(name: Deno.Signal): void;
  /** Exit status, and how long it took since the call, in ms. */
  exited(): Promise<{ code: number; signal: Deno.Signal | null; ms: number }>;
  /** Says that this process is meant to die: what it leaves behind is not looked at. */
  abandon(): void;
  readonly stderr: () => string;
  /** How many lines it has logged. */
  readonly logged: () => number;
  /** The lines it has logged of itself, not of requests. */
  readonly notices: () => readonly string[];
  /** Its resident memory. */
  mebibytes(): Promise<number>;
}

/** What runs; a drill that hangs must not leave its process behind. */
const running = new Set<Deno.ChildProcess>();

/** Ends what a hanging drill has left. */
export function endLeftovers(): void {
  for (const child of running) child.kill("SIGKILL");
}

let commonIssuer: Promise<TestIssuer> | undefined;

/** The one issuer that most drills share. */
export function drillIssuer(): Promise<TestIssuer> {
  return commonIssuer ??= testIssuer();
}

/** The command of the start task, as deno.json has it, for the binary that runs this. */
export async function startCommand(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const [deno, ...args] = String(tasks.start.command).split(" ");
  assert(deno === "deno", "the start task starts deno");
  return args;
}

/** The environment of a gateway process: this one's, without anything that is a setting. */
export function processEnv(settings: Record<string, string | undefined>): Record<string, string> {
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) =>
    !VARIABLES.includes(name)
  );
  const given = Object.entries(settings).filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  );
  return Object.fromEntries([...inherited, ...given]);
}

/** Starts a gateway and waits until it listens; its end is checked when the scope ends. */
export async function startGateway(options: GatewayOptions): Promise<GatewayProcess> {
  const issuer = options.issuer ?? await drillIssuer();
  const token = await issuer.token({ expiresInS: 3_600 });
  const group = memoryGroup();
  const [command = "", ...args] = [
    ...group?.under ?? [],
    ...options.under ?? [],
    Deno.execPath(),
    ...await startCommand(),
  ].map((arg) => arg === "main.ts" ? new URL(arg, ROOT).href : arg);
  const child = new Deno.Command(command, {
    args,
    cwd: options.cwd ?? ROOT,
    clearEnv: true,
    env: processEnv({ ...usualEnv(issuer, options.upstream), ...options.env }),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  running.add(child);
  void child.status.then(() => running.delete(child));
  const output = follow(child);
  const port = await output.listening;
  const authorized = (given: CallOptions = {}): CallOptions => ({ token, ...given });
  let abandoned = false;

  const gateway: GatewayProcess = {
    port,
    pid: child.pid,
    issuer,
    token,
    call: (path, given) => call(port, BASE + path, authorized(given)),
    post: (message, given) =>
      call(
        port,
        `${BASE}/batches`,
        authorized({ method: "POST", json: { body: message }, ...given }),
      ),
    async unreadiness() {
      const { status, text } = await call(port, "/readyz", {});
      return status === 200 ? [] : JSON.parse(text).reasons;
    },
    async degradation() {
      const { status, text } = await call(port, "/readyz", {});
      return status === 200 ? JSON.parse(text).reasons ?? [] : [];
    },
    metric: async (name, label) => sum((await call(port, "/metrics", {})).text, name, label),
    assertIdle: () => assertIdle(gateway),
    signal: (name) => child.kill(name),
    async exited() {
      const from = performance.now();
      const { code, signal } = await child.status;
      return { code, signal, ms: Math.round(performance.now() - from) };
    },
    abandon: () => void (abandoned = true),
    stderr: output.stderr,
    logged: output.lines,
    notices: output.notices,
    mebibytes: () => residentMebibytes(child.pid),
    async [Symbol.asyncDispose]() {
      try {
        if (abandoned) return;
        await assertIdle(gateway);
        const peak = peakMebibytes(child.pid);
        assert(!peak || peak < MEMORY_LIMIT_MIB, `it has had ${peak} MiB resident`);
      } finally {
        await end(child, { abandoned, stderr: output.stderr, leaked: output.leaked });
        group?.remove();
      }
    },
  };
  return gateway;
}

function usualEnv(issuer: TestIssuer, upstream: string): Record<string, string> {
  return {
    PORT: "0",
    HOST: "127.0.0.1",
    LOG_FORMAT: "json",
    SMS_API_URL: upstream,
    SERVICE_PLANS: JSON.stringify({ [PLAN]: CREDENTIAL, "plan-2": "credential-2" }),
    AUTH_JWKS: JSON.stringify(issuer.jwks),
    AUTH_ISSUER: issuer.issuer,
    AUTH_AUDIENCE: issuer.audience,
    SHUTDOWN_GRACE_MS: String(SHUTDOWN_GRACE_MS),
  };
}

/** Reads what a process writes: the port it listens on, and whether a secret is among it. */
function follow(child: Deno.ChildProcess) {
  const { promise: listening, resolve, reject } = Promise.withResolvers<number>();
  const timer = setTimeout(() => reject(new Error("the gateway did not start")), START_TIMEOUT_MS);
  let stderr = "";
  let lines = 0;
  const notices: string[] = [];
  let leaked: string | undefined;
  void (async () => {
    for await (const line of child.stdout.pipeThrough(new TextLineStream())) {
      lines++;
      if (!line.includes('"request_id"')) notices.push(line);
      const port = /"message":"listening","url":"http:\/\/[^"]*:(\d+)"/.exec(line)?.[1];
      if (port) resolve(Number(port));
      if (/credential-|eyJ[\w-]{20}|secret text/.test(line)) leaked ??= line;
    }
  })();
  void (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) stderr += text;
  })();
  void child.status.then(({ code }) => {
    clearTimeout(timer);
    reject(new Error(`the gateway ended with ${code}: ${stderr}`));
  });
  void listening.then(() => clearTimeout(timer), () => {});
  return {
    listening,
    stderr: () => stderr,
    lines: () => lines,
    notices: () => notices,
    leaked: () => leaked,
  };
}

/** Longest wait for the last slot to come back, in ms; GETs of a gone caller are cancelled. */
const IDLE_WITHIN_MS = 3_000;

async function assertIdle(gateway: GatewayProcess): Promise<void> {
  const deadline = performance.now() + IDLE_WITHIN_MS;
  let outstanding = NaN;
  let active = NaN;
  while (performance.now() < deadline) {
    outstanding = await gateway.metric("sms_gateway_outstanding_requests");
    active = await gateway.metric("http_server_active_requests");
    if (outstanding === 0 && active === 0) return;
    await delay(25);
  }
  throw new Error(`${outstanding} slots and ${active} requests were never given back`);
}

function sum(exposition: string, name: string, label = ""): number {
  return exposition.split("\n")
    .filter((line) => line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)))
    .filter((line) => line.includes(label))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** Ends a process as an orchestrator would, and checks that it went in peace. */
async function end(
  child: Deno.ChildProcess,
  { abandoned, stderr, leaked }: {
    abandoned: boolean;
    stderr: () => string;
    leaked: () => string | undefined;
  },
): Promise<void> {
  try {
    child.kill(abandoned ? "SIGKILL" : "SIGTERM");
  } catch {
    // it has ended already
  }
  const kill = setTimeout(() => child.kill("SIGKILL"), 10_000);
  const { code } = await child.status;
  clearTimeout(kill);
  assert(leaked() === undefined, `a secret was logged: ${leaked()}`);
  if (abandoned) return;
  assert(stderr() === "", `it wrote to standard error: ${stderr().slice(0, 2_000)}`);
  assert(code === 0, `it ended with ${code}`);
}
