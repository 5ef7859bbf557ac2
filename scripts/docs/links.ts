import { ERRORS_PAGE } from "../../errors/help.ts";
import { GUIDE_INDEX, guidePath } from "../../reference/guide_paths.ts";
import { type GuideSource, INDEX_FILE } from "./guide_order.ts";

/** The page of errors that every gateway serves has more than this one. */
const ERRORS_FILE = "docs/errors.md";

/** What a link leads to in the guides. */
export interface GuideTarget {
  readonly address: string;
  /** The file that has the text of the page; undefined: another host, or the same page. */
  readonly file?: string;
}

/**
 * What a link in a file leads to in the guides: a page, or another host; undefined for other files
 * of the repository, which a gateway does not serve.
 */
export function guideTarget(
  href: string,
  from: string,
  guides: readonly GuideSource[],
): GuideTarget | undefined {
  if (/^https?:/.test(href) || href.startsWith("#")) return { address: href };
  const { path: file, fragment } = repositoryPath(href, from);
  if (file === ERRORS_FILE) return { address: ERRORS_PAGE, file };
  if (file === INDEX_FILE) return { address: GUIDE_INDEX, file };
  const guide = guides.find((each) => each.file === file);
  return guide && { address: guidePath(guide.name) + fragment, file };
}

/** What a relative link in a file leads to: a path in the repository, and a fragment with its `#`. */
export function repositoryPath(href: string, file: string): { path: string; fragment: string } {
  const { pathname, hash } = new URL(href, `file:///${file}`);
  return { path: decodeURIComponent(pathname.slice(1)), fragment: hash };
}
