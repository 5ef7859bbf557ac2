import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));

Deno.test("the image runs the command of the start task with --cached-only and --frozen", () => {
  const commands = [...read("Dockerfile").matchAll(/^CMD (\[.*\])$/gm)];
  const command: string[] = JSON.parse(commands.at(-1)?.[1] ?? "[]");
  const own = ["--cached-only", "--frozen"];
  assertEquals(command.filter((word) => own.includes(word)), own);
  const rest = command.filter((word) => !own.includes(word));
  assertEquals(["deno", ...rest].join(" "), JSON.parse(read("deno.json")).tasks.start.command);
});

Deno.test("compose.yaml has the same Jaeger version as the tests", () => {
  const image = /jaegertracing\/jaeger:(\S+)/.exec(read("compose.yaml"))?.[1];
  assertEquals(image, /Builds Jaeger (\d+\.\d+\.\d+),/.exec(read("ops/jaeger/go.mod"))?.[1]);
});

/** The folders of this repository that a module imports from, itself and others. */
async function foldersOf(...modules: string[]): Promise<Set<string>> {
  const folders = new Set<string>();
  for (const module of modules) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", module],
      cwd: ROOT,
    }).output();
    const graph: { modules: { specifier: string }[] } = JSON.parse(
      new TextDecoder().decode(stdout),
    );
    for (const { specifier } of graph.modules) {
      const [, folder] = specifier.startsWith(ROOT.href)
        ? /^([^/]+)\//.exec(specifier.slice(ROOT.href.length)) ?? []
        : [];
      if (folder && folder !== "types") folders.add(folder);
    }
  }
  return folders;
}

for (
  const [stage, modules] of [
    ["gateway-files", ["main.ts"]],
    ["demo-files", ["sandbox/main.ts", "scripts/issuer.ts"]],
  ] as const
) {
  Deno.test(`the image's stage ${stage} copies every folder that ${modules.join(" and ")} import from`, async () => {
    const [, steps = ""] = new RegExp(`AS ${stage}\\n([^]*?)\\nRUN`).exec(read("Dockerfile")) ?? [];
    const copied = [...steps.matchAll(/^COPY (\w+)[ /]/gm)].map(([, folder]) => folder!);
    const ignored = read(".dockerignore").split("\n");
    for (const folder of await foldersOf(...modules)) {
      assert(copied.includes(folder), `${folder} is not copied`);
      assert(ignored.includes(`!${folder}`), `${folder} is left out by .dockerignore`);
    }
  });
}
