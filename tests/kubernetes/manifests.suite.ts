/** The manifests, built by kustomize and checked against the schemas of the Kubernetes API. */

import { assert, assertEquals } from "@std/assert";
import { SETTINGS, VARIABLES } from "../../settings.ts";
import { venv } from "../support/venv.ts";
import { build, manifest, podSpec, settings } from "./manifests.ts";

/** The oldest version with `preStop.sleep` on by default, and a recent one. */
const VERSIONS = ["1.30", "1.34"];

Deno.test("kustomize builds the manifests, and they fit the strict schemas of Kubernetes", async (t) => {
  const built = await build();
  const python = await venv("kubernetes", new URL("requirements.txt", import.meta.url));
  if (built === undefined || python === undefined) {
    const needs = "kubectl, kustomize or Go, and Python with venv";
    assert(Deno.env.get("CI") !== "true", needs);
    // deno-lint-ignore no-console -- reports the skipped test
    return console.log(`skipped, since this machine lacks ${needs}`);
  }
  // The schemas do not include those of the Prometheus operator.
  const own = built.split(/^---$/m).filter((part) => !/^kind: ServiceMonitor$/m.test(part));
  assertEquals(own.length, 9);
  for (const version of VERSIONS) {
    await t.step(`version ${version}`, async () => {
      assertEquals(await validate(python.program("kubernetes-validate"), own, version), "");
    });
  }
  await t.step("a misspelt member is found", async () => {
    const misspelt = own.map((part) => part.replace("timeoutSeconds", "timeoutSecond"));
    const found = await validate(python.program("kubernetes-validate"), misspelt, VERSIONS[0]!);
    assert(found.includes("timeoutSecond"), found);
  });
});

/** What kubernetes-validate finds wrong; empty if nothing is. */
async function validate(program: string, parts: readonly string[], version: string) {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, parts.join("---\n"));
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args: ["--strict", "-k", version, file],
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return success ? "" : text;
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("the settings of the manifests exist, and their ports are those of the container", () => {
  const values = settings();
  assertEquals(Object.keys(values).filter((name) => !VARIABLES.includes(name)), []);
  const { container } = podSpec();
  assertEquals(
    container.ports.map(({ name, containerPort }) => [name, String(containerPort)]),
    [["http", values.PORT], ["admin", values.ADMIN_PORT]],
  );
  for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
    assertEquals(probe.httpGet.port, "admin");
  }
  const [mount] = container.volumeMounts;
  for (const [name, value] of Object.entries(values)) {
    if (name.endsWith("_FILE")) assert(value.startsWith(`${mount?.mountPath}/`), name);
  }
});

Deno.test("the gateway has ended before kubelet kills it, and answers what it has sent before that", () => {
  const { terminationGracePeriodSeconds, container } = podSpec();
  const graceMs = Number(settings().SHUTDOWN_GRACE_MS);
  const preStopMs = container.lifecycle.preStop.sleep.seconds * 1_000;
  assert(preStopMs + graceMs < terminationGracePeriodSeconds * 1_000);
  const timeoutMs = Number(settings().UPSTREAM_TIMEOUT_MS ?? SETTINGS.UPSTREAM_TIMEOUT_MS.default);
  // Requests are accepted for a third of it, and end with it at eight ninths.
  assert(graceMs / 3 + timeoutMs <= graceMs * 8 / 9);
});

Deno.test("metrics and probes are in no Service and no rule of the network that callers use", () => {
  const policy = JSON.stringify(manifest("network-policy.yaml"));
  const [callers, prometheus] = policy.split('"from":').slice(1);
  assert(callers?.includes('"port":"http"') && !callers.includes('"port":"admin"'));
  assert(prometheus?.includes('"port":"admin"') && prometheus.includes('"podSelector"'));
});

Deno.test("ServiceMonitor scrapes the admin port as the job that alerts and dashboard select", () => {
  assertEquals(manifest("service-monitor.yaml"), {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "ServiceMonitor",
    metadata: { name: "sms-gateway" },
    spec: {
      jobLabel: "app.kubernetes.io/name",
      selector: {
        matchLabels: {
          "app.kubernetes.io/name": "sms-gateway",
          "app.kubernetes.io/component": "admin",
        },
      },
      endpoints: [{ port: "admin", path: "/metrics", interval: "15s", scrapeTimeout: "5s" }],
    },
  });
});

Deno.test("the autoscaler's metric is the one that prometheus-adapter serves and the gateway has", () => {
  const scaler = JSON.stringify(manifest("horizontal-pod-autoscaler.yaml"));
  const adapter = JSON.stringify(manifest("prometheus-adapter.yaml"));
  const name = /"metric":\{"name":"(\w+)"\}/.exec(scaler)?.[1] ?? "";
  assert(
    adapter.includes(`"name":{"as":"${name}"}`) && adapter.includes(`"seriesQuery":"${name}{`),
  );
  const readme = Deno.readTextFileSync(new URL("../../ops/README.md", import.meta.url));
  assert(readme.includes(`| \`${name}\``));
});
