import { ERRORS_PAGE } from "../errors/help.ts";
import { OPERATIONS } from "../operations.ts";
import { SCRIPT } from "./browser/script.ts";
import { GUIDE_INDEX, guidePath } from "./guide_paths.ts";
import { GUIDES } from "./guides/mod.ts";
import { STYLE } from "./style/style.ts";

/** Paths of the reference; immutable resources have a fingerprint of their content in the path. */
export const PATHS = {
  openapi: "/openapi.json",
  reference: "/docs",
  errors: ERRORS_PAGE,
  search: "/docs/assets/search.json",
  style: `/docs/assets/docs-${fingerprint(STYLE)}.css`,
  script: `/docs/assets/docs-${fingerprint(SCRIPT)}.js`,
} as const;

/** The paths whose content never changes. */
export const IMMUTABLE_PATHS: ReadonlySet<string> = new Set([PATHS.style, PATHS.script]);

/** The paths of the guides, and of their index. */
export const GUIDE_PATHS: readonly string[] = [
  GUIDE_INDEX,
  ...GUIDES.map(({ name }) => guidePath(name)),
];

/** Every path of the reference. */
export const ALL_PATHS: readonly string[] = [
  ...Object.values(PATHS),
  ...OPERATIONS.map(({ id }) => operationPath(id)),
  ...GUIDE_PATHS,
];

/** The path of the page of an operation. */
export function operationPath(id: string): string {
  return `${PATHS.reference}/${id}`;
}

/** A short hash of a text (FNV-1a), synchronous since paths are constants. Not for security. */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}
