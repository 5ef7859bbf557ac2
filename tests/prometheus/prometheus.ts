import * as v from "valibot";
import { refusedPort } from "../support/raw_upstream.ts";
import { until } from "../observability/until.ts";

const OPS = `${import.meta.dirname}/../../ops/prometheus`;

/** The rule files that prometheus.yaml names. */
export const RULE_FILES = ["alerts.yaml", "objectives.yaml"] as const;

const Answer = v.object({
  status: v.literal("success"),
  data: v.object({
    result: v.array(
      v.object({
        metric: v.record(v.string(), v.string()),
        value: v.pipe(
          v.tuple([v.number(), v.string()]),
          v.transform(([, value]) => Number(value)),
        ),
      }),
    ),
  }),
});

const ExemplarAnswer = v.object({
  status: v.literal("success"),
  data: v.array(
    v.object({
      seriesLabels: v.record(v.string(), v.string()),
      exemplars: v.array(
        v.object({
          labels: v.record(v.string(), v.string()),
          value: v.pipe(v.string(), v.transform(Number)),
        }),
      ),
    }),
  ),
});

/** The exemplars of a series. */
export type SeriesExemplars = v.InferOutput<typeof ExemplarAnswer>["data"][number];

/** One series of a query result. */
export type Series = v.InferOutput<typeof Answer>["data"]["result"][number];

/** A Prometheus process; stopped at the end of the scope. */
export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  /** The current result of a PromQL expression. */
  query(expression: string): Promise<readonly Series[]>;
  /** The exemplars of the last hour of the series that a selector names. */
  exemplars(selector: string): Promise<readonly SeriesExemplars[]>;
}

/** The paths of the programs of Debian's `prometheus` package; undefined if they are missing. */
export async function findPrograms(): Promise<
  { prometheus: string; promtool: string } | undefined
> {
  for (const directory of (Deno.env.get("PATH") ?? "").split(":")) {
    const found = { prometheus: `${directory}/prometheus`, promtool: `${directory}/promtool` };
    const files = await Promise.all(
      Object.values(found).map((path) => Deno.stat(path).catch(() => undefined)),
    );
    if (files.every((file) => file?.isFile)) return found;
  }
  return undefined;
}

/** Options of {@linkcode startPrometheus}. */
export interface PrometheusOptions {
  /** Divisor of every duration of the alert rules; default: 1. */
  speedUp?: number;
}

/**
 * Starts Prometheus with `ops/prometheus/prometheus.yaml`, in which only the target's port and the
 * intervals are changed, and the shipped rules, possibly with shorter durations.
 */
export async function startPrometheus(
  binary: string,
  target: string,
  { speedUp = 1 }: PrometheusOptions = {},
): Promise<Prometheus> {
  const directory = await Deno.makeTempDir({ prefix: "sms-gateway-prometheus-" });
  const config = `${directory}/prometheus.yaml`;
  await Deno.writeTextFile(
    config,
    adapted(await Deno.readTextFile(`${OPS}/prometheus.yaml`), target),
  );
  for (const file of RULE_FILES) {
    const rules = spedUp(await Deno.readTextFile(`${OPS}/${file}`), speedUp);
    const adjusted = file === "objectives.yaml" ? evaluatedLessOften(rules) : rules;
    await Deno.writeTextFile(`${directory}/${file}`, adjusted);
  }
  const { url, end } = await launch(binary, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${directory}/data`,
    "--enable-feature=exemplar-storage",
  ]);
  return {
    url,
    async query(expression) {
      const response = await fetch(
        `${url}/api/v1/query?${new URLSearchParams({ query: expression })}`,
      );
      const answer = await response.json();
      if (!response.ok) throw new Error(`${answer.error}: ${expression}`);
      return v.parse(Answer, answer).data.result;
    },
    async exemplars(selector) {
      const nowS = Date.now() / 1_000;
      const range = { start: `${nowS - 3_600}`, end: `${nowS + 60}` };
      const search = new URLSearchParams({ query: selector, ...range });
      const response = await fetch(`${url}/api/v1/query_exemplars?${search}`);
      return v.parse(ExemplarAnswer, await response.json()).data;
    },
    async [Symbol.asyncDispose]() {
      await end();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** Attempts to start on a free port: a chosen port may be in use by the time of the start. */
const MAX_LAUNCHES = 5;

/** Starts the program on a free port, and waits until it is ready. */
async function launch(
  binary: string,
  args: readonly string[],
  launches = 1,
): Promise<{ url: string; end(): Promise<void> }> {
  const url = `http://127.0.0.1:${refusedPort()}`;
  const child = new Deno.Command(binary, {
    args: [...args, `--web.listen-address=${new URL(url).host}`],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = new Response(child.stderr).text();
  let ended = false;
  const status = child.status.finally(() => ended = true);
  const isReady = () => fetch(`${url}/-/ready`).then(isOk, () => false);
  await until("Prometheus to be ready", async () => ended || await isReady());
  if (ended) {
    const output = await log;
    const isTaken = output.includes("address already in use") && launches < MAX_LAUNCHES;
    if (isTaken) return await launch(binary, args, launches + 1);
    throw new Error(`Prometheus did not start:\n${output}`);
  }
  return {
    url,
    async end() {
      if (!ended) child.kill("SIGTERM");
      await Promise.all([status, log]);
    },
  };
}

const SECONDS = { s: 1, m: 60, h: 3_600 } as const;

/**
 * The rules with every duration of ranges, `offset` and `for` divided. Subqueries over days get
 * shorter steps, since the first step of 15 minutes would be after the test.
 */
function spedUp(rules: string, factor: number): string {
  return rules.replace(/\[\d+d:15m\]/g, "[5m:5s]").replace(
    /(\[|offset |for: )(\d+)([smh])\b/g,
    (_, before: string, count: string, unit: keyof typeof SECONDS) =>
      `${before}${Math.ceil(Number(count) * SECONDS[unit] / factor)}s`,
  );
}

/** Rules whose windows are long: to evaluate them five times a second would take most of the CPU. */
function evaluatedLessOften(rules: string): string {
  return rules.replaceAll(/^ {2}- name: .*$/gm, "$&\n    interval: 2s");
}

/** The shipped configuration with another target and shorter intervals. */
function adapted(yaml: string, target: string): string {
  const replacements: [RegExp, string][] = [
    [/"localhost:8080"/, `"${target}"`],
    [/scrape_interval: 15s/, "scrape_interval: 200ms"],
    [/evaluation_interval: 15s/, "evaluation_interval: 200ms"],
  ];
  return replacements.reduce((text, [pattern, replacement]) => {
    if (!pattern.test(text)) throw new Error(`no ${pattern} in prometheus.yaml`);
    return text.replace(pattern, replacement);
  }, yaml);
}

async function isOk(response: Response): Promise<boolean> {
  await response.body?.cancel();
  return response.ok;
}
