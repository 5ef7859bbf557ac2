import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import * as v from "valibot";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
const yaml = <S extends v.GenericSchema>(path: string, schema: S) =>
  v.parse(schema, parse(read(path)));

const Compose = v.object({
  services: v.record(
    v.string(),
    v.object({
      image: v.optional(v.string()),
      command: v.optional(v.array(v.string()), []),
      ports: v.optional(v.array(v.string()), []),
      environment: v.optional(v.record(v.string(), v.string()), {}),
      volumes: v.optional(v.array(v.string()), []),
      depends_on: v.optional(v.array(v.string()), []),
    }),
  ),
});

const DataSources = v.object({
  apiVersion: v.literal(1),
  datasources: v.array(v.object({
    uid: v.string(),
    type: v.string(),
    url: v.string(),
    isDefault: v.optional(v.boolean(), false),
    jsonData: v.optional(v.object({
      exemplarTraceIdDestinations: v.array(
        v.object({ name: v.string(), datasourceUid: v.string() }),
      ),
    })),
  })),
});

const Providers = v.object({
  apiVersion: v.literal(1),
  providers: v.array(
    v.object({ type: v.literal("file"), options: v.object({ path: v.string() }) }),
  ),
});

const Scrapes = v.object({
  rule_files: v.array(v.string()),
  scrape_configs: v.array(v.object({
    job_name: v.string(),
    static_configs: v.array(v.object({ targets: v.array(v.string()) })),
  })),
});

const Target = v.object({ datasource: v.object({ type: v.string(), uid: v.string() }) });

const Dashboard = v.object({
  uid: v.string(),
  panels: v.array(v.object({
    title: v.string(),
    gridPos: v.object({ x: v.number(), y: v.number(), w: v.number(), h: v.number() }),
    datasource: v.optional(Target.entries.datasource), // rows have none
    targets: v.optional(
      v.array(v.object({
        ...Target.entries,
        expr: v.string(),
        exemplar: v.optional(v.boolean(), false),
      })),
      [],
    ),
  })),
  templating: v.object({ list: v.array(v.object({ name: v.string(), type: v.string() })) }),
});

const { services } = yaml("compose.yaml", Compose);
const { datasources } = yaml(
  "ops/grafana/provisioning/datasources/sms-gateway.yaml",
  DataSources,
);
const dashboard = v.parse(Dashboard, JSON.parse(read("ops/grafana/dashboard.json")));

/** Path in the container → path in this repository of what a service mounts. */
function mounts(service: string): Record<string, string> {
  return Object.fromEntries((services[service]?.volumes ?? []).map((volume) => {
    const [source = "", target = "", mode] = volume.split(":");
    assertEquals(mode, "ro", volume);
    return [target, source];
  }));
}

Deno.test("all that compose.yaml mounts exists, and no service depends on one that does not", () => {
  for (const [name, { depends_on }] of Object.entries(services)) {
    for (const source of Object.values(mounts(name))) assert(Deno.statSync(new URL(source, ROOT)));
    for (const other of depends_on) assert(other in services, `${name}: ${other}`);
  }
});

Deno.test("Prometheus of compose.yaml reads a mounted configuration with both rule files, and scrapes the gateway", () => {
  const mounted = mounts("prometheus");
  const command = services.prometheus?.command ?? [];
  const file = command.find((flag) => flag.startsWith("--config.file="))?.split("=")[1] ?? "";
  const config = yaml(mounted[file] ?? "", Scrapes);
  const folder = file.replace(/[^/]+$/, "");
  const rules = config.rule_files.map((name) => mounted[folder + name]);
  assertEquals(rules, ["./ops/prometheus/alerts.yaml", "./ops/prometheus/objectives.yaml"]);
  const own = yaml("ops/prometheus/prometheus.yaml", Scrapes);
  assertEquals(config.rule_files, own.rule_files);
  const [scrape] = config.scrape_configs;
  assertEquals(scrape?.job_name, own.scrape_configs[0]?.job_name);
  const [host = "", port] = scrape?.static_configs[0]?.targets[0]?.split(":") ?? [];
  assert(services[host]?.ports.includes(`${port}:${port}`));
  assert(command.includes("--enable-feature=exemplar-storage"));
  assert(command.includes("--storage.tsdb.retention.time=31d"));
});

Deno.test("Grafana of compose.yaml is provisioned with the dashboard, Prometheus and Jaeger, each at its service", () => {
  const mounted = mounts("grafana");
  assertEquals(mounted["/etc/grafana/provisioning"], "./ops/grafana/provisioning");
  const { providers } = yaml("ops/grafana/provisioning/dashboards/sms-gateway.yaml", Providers);
  const shown = `${providers[0]?.options.path}/dashboard.json`;
  assertEquals(mounted[shown], "./ops/grafana/dashboard.json");
  assertEquals(services.grafana?.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH, shown);
  for (const { url } of datasources) {
    const { hostname, port } = new URL(url);
    assert(services[hostname]?.ports.includes(`${port}:${port}`), url);
  }
});

Deno.test("exemplars lead from Prometheus to Jaeger, and the panel of latency asks for them", () => {
  const uids = Object.fromEntries(datasources.map(({ type, uid }) => [type, uid]));
  const prometheus = datasources.find(({ isDefault }) => isDefault);
  assertEquals(prometheus?.type, "prometheus");
  assertEquals(prometheus?.jsonData?.exemplarTraceIdDestinations.map((one) => one.datasourceUid), [
    uids.jaeger,
  ]);
  const exemplars = dashboard.panels.filter(({ targets }) =>
    targets.some(({ exemplar }) => exemplar)
  );
  assertEquals(exemplars.map(({ title }) => title), ["Latency: gateway and upstream"]);
  for (const { expr, exemplar } of exemplars.flatMap(({ targets }) => targets)) {
    assertEquals(exemplar, expr.includes("_bucket"), expr);
  }
});

Deno.test("every panel of the dashboard uses a data source that is provisioned, and covers no other panel", () => {
  const variables = dashboard.templating.list.filter(({ type }) => type === "datasource");
  const known = [
    ...variables.map(({ name }) => `\${${name}}`),
    ...datasources.map(({ uid }) => uid),
  ];
  const taken = new Map<string, string>();
  for (const { title, datasource, targets, gridPos: { x, y, w, h } } of dashboard.panels) {
    for (
      const { uid } of [
        ...datasource ? [datasource] : [],
        ...targets.map((t) => t.datasource),
      ]
    ) {
      assert(known.includes(uid), `${title}: ${uid}`);
    }
    assert(x + w <= 24, title);
    for (let row = y; row < y + h; row++) {
      for (let column = x; column < x + w; column++) {
        const other = taken.get(`${row} ${column}`);
        assertEquals(other, undefined, `${title} covers ${other}`);
        taken.set(`${row} ${column}`, title);
      }
    }
  }
});

Deno.test("ops/README.md has the objectives of objectives.yaml", () => {
  const rules = parse(read("ops/prometheus/objectives.yaml"));
  const Objectives = v.object({
    groups: v.array(v.object({
      rules: v.array(v.object({
        record: v.optional(v.string()),
        expr: v.string(),
        labels: v.optional(v.record(v.string(), v.string()), {}),
      })),
    })),
  });
  const all = v.parse(Objectives, rules).groups.flatMap((group) => group.rules);
  const objectives = all.filter(({ record }) => record === "sms_gateway:objective:ratio");
  assertEquals(objectives.length, 4);
  for (const { expr, labels: { objective, fault } } of objectives) {
    const percent = Number((Number(/vector\((.*)\)/.exec(expr)?.[1]) * 100).toFixed(3));
    const row = `\\| \`${objective}\` +\\| \`${fault}\` +\\| ${percent} % +\\|`;
    assert(new RegExp(row).test(read("ops/README.md")), row);
  }
});
