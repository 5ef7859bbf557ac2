/**
 * The text of a version's section of CHANGELOG.md.
 *
 * @throws if there is no such section with a date, or nothing in it
 */
export function sectionOf(changelog: string, version: string): string {
  const parts = changelog.split(/^## /m).slice(1);
  const [title = "", ...lines] = parts.find((part) => part.startsWith(`[${version}]`))
    ?.split("\n") ?? [];
  if (!/^\[[^\]]+\] - \d{4}-\d\d-\d\d$/.test(title)) {
    throw new Error(`CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD"`);
  }
  const text = lines.join("\n").trim();
  if (text === "") throw new Error(`the section of ${version} in CHANGELOG.md is empty`);
  return `${text}\n`;
}
