import { parse } from "@std/yaml";
import * as v from "valibot";

const FOLDER = new URL("../../ops/kubernetes/", import.meta.url);

const Probe = v.object({
  httpGet: v.object({ path: v.string(), port: v.string() }),
  periodSeconds: v.number(),
  timeoutSeconds: v.number(),
  failureThreshold: v.number(),
});

const Container = v.object({
  ports: v.array(v.object({ name: v.string(), containerPort: v.number() })),
  startupProbe: Probe,
  livenessProbe: Probe,
  readinessProbe: Probe,
  lifecycle: v.object({ preStop: v.object({ sleep: v.object({ seconds: v.number() }) }) }),
  volumeMounts: v.array(v.object({ name: v.string(), mountPath: v.string() })),
  resources: v.object({ limits: v.object({ memory: v.string() }) }),
});

const Deployment = v.object({
  kind: v.literal("Deployment"),
  spec: v.object({
    template: v.object({
      spec: v.object({
        terminationGracePeriodSeconds: v.number(),
        containers: v.tuple([Container]),
      }),
    }),
  }),
});

export type Probe = v.InferOutput<typeof Probe>;

/** The container and the grace period of the Deployment. */
export function podSpec() {
  const text = Deno.readTextFileSync(new URL("deployment.yaml", FOLDER));
  const { terminationGracePeriodSeconds, containers: [container] } =
    v.parse(Deployment, parse(text)).spec.template.spec;
  return { terminationGracePeriodSeconds, container };
}

/** The settings of `settings.env`. */
export function settings(): Record<string, string> {
  const lines = Deno.readTextFileSync(new URL("settings.env", FOLDER)).split("\n");
  return Object.fromEntries(
    lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split(/=(.*)/s, 2)),
  );
}

/** A manifest as it stands in its file. */
export function manifest(file: string): unknown {
  return parse(Deno.readTextFileSync(new URL(file, FOLDER)));
}

/** Programs that build a kustomization, in order of preference: the first that runs is used. */
const BUILDERS: readonly (readonly string[])[] = [
  ["kubectl", "kustomize"],
  ["kustomize", "build"],
  ["go", "run", "sigs.k8s.io/kustomize/kustomize/v5@v5.5.0", "build"],
];

/** All manifests, built by kustomize, as YAML; undefined if no program can build them. */
export async function build(): Promise<string | undefined> {
  for (const [program = "", ...args] of BUILDERS) {
    const command = new Deno.Command(program, { args: [...args, FOLDER.pathname] });
    const output = await command.output().catch(() => undefined);
    if (output?.success) return new TextDecoder().decode(output.stdout);
  }
  return undefined;
}
