import { assertEquals } from "@std/assert";

const read = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));

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
