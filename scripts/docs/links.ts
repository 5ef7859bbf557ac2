import { ERRORS_PAGE } from "../../errors/help.ts";
import { GUIDE_INDEX, guidePath } from "../../reference/guide_paths.ts";
import { type GuideSource, INDEX_FILE } from "./guide_order.ts";

/** The page of errors that every gateway serves has more than this one. */
const ERRORS_FILE = "docs/errors.md";

/**
 * The address in the guides of what a link in a file leads to: a page of the guides, or another
 * host; undefined for other files of the repository, which a gateway does not serve.
 */
export function guideTarget(
  href: string,
  file: string,
  guides: readonly GuideSource[],
): string | undefined {
  if (/^https?:/.test(href) || href.startsWith("#")) return href;
  const { path, fragment } = repositoryPath(href, file);
  if (path === ERRORS_FILE) return ERRORS_PAGE;
  if (path === INDEX_FILE) return GUIDE_INDEX;
  const guide = guides.find((each) => each.file === path);
  return guide && guidePath(guide.name) + fragment;
}

/** What a relative link in a file leads to: a path in the repository, and a fragment with its `#`. */
export function repositoryPath(href: string, file: string): { path: string; fragment: string } {
  const { pathname, hash } = new URL(href, `file:///${file}`);
  return { path: decodeURIComponent(pathname.slice(1)), fragment: hash };
}
