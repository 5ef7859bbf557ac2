import { parse } from "@std/yaml";
import * as v from "valibot";

/** The configuration of an image, in the Docker format. */
const ImageConfig = v.object({
  User: v.string(),
  WorkingDir: v.string(),
  Env: v.array(v.string()),
  Entrypoint: v.array(v.string()),
  Cmd: v.array(v.string()),
  Labels: v.nullish(v.record(v.string(), v.string())),
  Healthcheck: v.optional(v.object({ Test: v.array(v.string()) })),
});

/** The used parts of a service of compose.yaml. */
const Service = v.object({
  image: v.string(),
  command: v.optional(v.array(v.string())),
  environment: v.optional(v.record(v.string(), v.nullable(v.string())), {}),
  read_only: v.optional(v.boolean(), false),
  cap_drop: v.optional(v.array(v.string()), []),
  stop_grace_period: v.optional(v.string()),
});

/** The output of `buildah inspect`. */
const Inspected = v.object({ Docker: v.object({ config: ImageConfig }) });

export type ImageConfig = v.InferOutput<typeof ImageConfig>;
export type Service = v.InferOutput<typeof Service>;

/** A built and unpacked image. */
export interface Image {
  readonly config: ImageConfig;
  /** Folder of its root file system. */
  readonly root: string;
}

/** The image of this name in the folder of `.ci/container`. */
export async function image(name: string): Promise<Image> {
  const folder = Deno.env.get("IMAGES") ?? "";
  const inspected = JSON.parse(await Deno.readTextFile(`${folder}/${name}.json`));
  return {
    config: v.parse(Inspected, inspected).Docker.config,
    root: (await Deno.readTextFile(`${folder}/${name}.root`)).trim(),
  };
}

/** The services of compose.yaml, parsed by a compose implementation. */
export async function services(): Promise<Record<string, Service>> {
  const text = await Deno.readTextFile(Deno.env.get("COMPOSE_CONFIG") ?? "");
  return v.parse(v.object({ services: v.record(v.string(), Service) }), parse(text)).services;
}
