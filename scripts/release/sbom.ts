import * as CDX from "@cyclonedx/cyclonedx-library";
import { PackageURL } from "packageurl-js";
import parseExpression from "spdx-expression-parse";
import type { Package } from "./packages.ts";

const SPEC = CDX.Spec.Spec1dot6;

/**
 * The software bill of materials in CycloneDX 1.6 (JSON). It has no serial number, and its time is
 * that of the commit, so that the same commit has the same bytes.
 *
 * @throws if it does not fit the schema of CycloneDX
 */
export async function sbom(
  packages: readonly Package[],
  { version, time }: { version: string; time: Date },
): Promise<string> {
  const gateway = new CDX.Models.Component(CDX.Enums.ComponentType.Application, "sms-gateway", {
    version,
    bomRef: `sms-gateway@${version}`,
  });
  const metadata = new CDX.Models.Metadata({ component: gateway, timestamp: time });
  const bom = new CDX.Models.Bom({ metadata });
  const components = new Map(packages.map((one) => [one.id, componentOf(one)]));
  for (const { id, isDirect, dependencies } of packages) {
    const component = components.get(id)!;
    bom.components.add(component);
    if (isDirect) gateway.dependencies.add(component.bomRef);
    for (const dependency of dependencies) {
      const other = components.get(dependency);
      if (other) component.dependencies.add(other.bomRef);
    }
  }
  const normalizer = new CDX.Serialize.JSON.Normalize.Factory(SPEC);
  const text = new CDX.Serialize.JsonSerializer(normalizer)
    .serialize(bom, { sortLists: true, space: 2 });
  const faults = await new CDX.Validation.JsonStrictValidator(SPEC.version).validate(text);
  if (faults !== null) {
    throw new Error(`the bill of materials is invalid: ${JSON.stringify(faults)}`);
  }
  return `${text}\n`;
}

function componentOf({ id, name, version, license, sha512 }: Package): CDX.Models.Component {
  const [scope, plain] = name.startsWith("@") ? name.split("/", 2) : [undefined, name];
  const component = new CDX.Models.Component(CDX.Enums.ComponentType.Library, plain ?? name, {
    ...scope !== undefined && { group: scope },
    version,
    bomRef: id,
    purl: new PackageURL("npm", scope, plain ?? name, version, undefined, undefined).toString(),
    hashes: new CDX.Models.HashDictionary([[CDX.Enums.HashAlgorithm["SHA-512"], sha512]]),
  });
  if (license !== undefined) {
    const licenses = new CDX.Contrib.License.Factories.LicenseFactory(parseExpression);
    component.licenses.add(licenses.makeFromString(license));
  }
  return component;
}
