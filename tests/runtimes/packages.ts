import { inherited } from "./processes.ts";

/** Cache of programs from npm, outside of this repository. */
const CACHE = `${
  Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`
}/sms-gateway/runtimes`;

/**
 * The folder of an npm package with a program, such as `workerd@1.2.3`, installed once with its
 * dependencies.
 */
export async function installed(spec: string): Promise<string> {
  const name = spec.slice(0, spec.lastIndexOf("@"));
  const folder = `${CACHE}/${spec.replaceAll("/", "_")}`;
  const wanted = `${folder}/node_modules/${name}`;
  if (await exists(wanted)) return wanted;
  const partial = await Deno.makeTempDir({ prefix: "sms-gateway-runtime-" });
  const { success, stderr } = await new Deno.Command("npm", {
    args: ["install", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"]
      .concat(`--prefix=${partial}`, spec),
    cwd: partial,
    env: inherited(),
    stdin: "null",
  }).output();
  if (!success) throw new Error(`npm install ${spec}: ${new TextDecoder().decode(stderr)}`);
  await Deno.mkdir(CACHE, { recursive: true });
  // A rename makes the installation atomic, even if two runs install at the same time.
  await new Deno.Command("cp", { args: ["-a", partial, `${folder}.${Deno.pid}`] }).output();
  await Deno.remove(partial, { recursive: true });
  await Deno.rename(`${folder}.${Deno.pid}`, folder).catch(() => {});
  return wanted;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
