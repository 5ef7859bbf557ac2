/** A platform that tells about itself in the environment. */
interface Platform {
  /** The variable that only this platform sets. */
  readonly sign: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Attribute of the resource → variable. */
  readonly variables: Readonly<Record<string, string>>;
}

/** By the platforms' own documentation; names are those of the semantic conventions. */
const PLATFORMS: readonly Platform[] = [
  {
    sign: "DENO_DEPLOY",
    attributes: { "cloud.provider": "deno", "cloud.platform": "deno_deploy" },
    variables: { "service.instance.id": "DENO_DEPLOYMENT_ID", "cloud.region": "DENO_REGION" },
  },
  {
    sign: "K_SERVICE",
    attributes: { "cloud.provider": "gcp", "cloud.platform": "gcp_cloud_run" },
    variables: { "faas.name": "K_SERVICE", "faas.version": "K_REVISION" },
  },
  {
    sign: "FLY_APP_NAME",
    attributes: { "cloud.provider": "fly_io", "cloud.platform": "fly_io" },
    variables: { "cloud.region": "FLY_REGION", "service.instance.id": "FLY_MACHINE_ID" },
  },
  {
    sign: "ECS_CONTAINER_METADATA_URI_V4",
    attributes: { "cloud.provider": "aws", "cloud.platform": "aws_ecs" },
    variables: { "cloud.region": "AWS_REGION" },
  },
  {
    sign: "CONTAINER_APP_NAME",
    attributes: { "cloud.provider": "azure", "cloud.platform": "azure.container_apps" },
    variables: { "service.instance.id": "CONTAINER_APP_REPLICA_NAME" },
  },
];

/** In a container the name of the machine is in this variable. */
const HOST_NAME = "HOSTNAME";

/** The variables that {@linkcode platformAttributes} reads. */
export const PLATFORM_VARIABLES: readonly string[] = [
  ...new Set([
    HOST_NAME,
    ...PLATFORMS.flatMap(({ sign, variables }) => [sign, ...Object.values(variables)]),
  ]),
];

/** The attributes of the resource that the platform tells: `cloud.*`, `host.name`. */
export function platformAttributes(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const platform = PLATFORMS.find(({ sign }) => env[sign]);
  const told = Object.entries(platform?.variables ?? {})
    .flatMap(([name, variable]) => env[variable] ? [[name, env[variable]]] : []);
  const host = env[HOST_NAME];
  return {
    ...host && { "host.name": host },
    ...platform?.attributes,
    ...Object.fromEntries(told),
  };
}
