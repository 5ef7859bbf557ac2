import { isInstalled, run } from "./run.ts";

/**
 * Builds the image of the gateway with buildah, with the time of the commit in place of the current
 * one, and writes it as an OCI archive.
 *
 * @returns false if buildah is not installed
 */
export async function writeImage(
  path: string,
  { version, revision, epochS }: { version: string; revision: string; epochS: number },
): Promise<boolean> {
  if (!await isInstalled("buildah")) return false;
  const name = `localhost/sms-gateway:${version}`;
  await run("buildah", [
    "build",
    "--layers=false",
    "--timestamp",
    String(epochS),
    "--target=gateway",
    "--build-arg=REPRODUCIBLE=yes",
    `--build-arg=VERSION=${version}`,
    `--build-arg=REVISION=${revision}`,
    `--tag=${name}`,
    ".",
  ]);
  await run("buildah", ["push", name, `oci-archive:${path}:sms-gateway:${version}`]);
  return true;
}
