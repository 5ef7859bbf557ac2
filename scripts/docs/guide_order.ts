/** A page of the guides: its name in the address, and the file that has its text. */
export interface GuideSource {
  readonly name: string;
  /** Path in the repository. */
  readonly file: string;
}

/**
 * The guides in the order in which they are listed, by group. Names without a file are in docs. A
 * page that does not exist is left out.
 */
const ORDER: Readonly<Record<string, readonly (string | GuideSource)[]>> = {
  "Use": ["quick-start", "sdk", "idempotency", "callbacks", "errors"],
  "Run": [
    "deploy",
    "configuration",
    "credentials",
    "issuers",
    "policies",
    "operate",
    "telemetry",
    { name: "monitoring", file: "ops/README.md" },
    { name: "runbook", file: "ops/runbook.md" },
  ],
  "Understand": [
    { name: "security", file: "SECURITY.md" },
    "performance",
    "comparison",
    "architecture",
    { name: "contributing", file: "CONTRIBUTING.md" },
  ],
};

/** Where a page of the folder docs is listed until it has a place in the order. */
export const UNORDERED = "More";

/** The index of the guides, which is generated. */
export const INDEX_FILE = "docs/README.md";

const ROOT = new URL("../../", import.meta.url);

/** Group → its guides; a page of docs that is missing in the order is in {@linkcode UNORDERED}. */
export function guideGroups(): Record<string, GuideSource[]> {
  const groups = Object.entries(ORDER).map(([group, guides]) =>
    [group, guides.map(sourceOf).filter(({ file }) => exists(file))] as const
  );
  const ordered = new Set(groups.flatMap(([, guides]) => guides.map(({ file }) => file)));
  const others = [...Deno.readDirSync(new URL("docs/", ROOT))].map(({ name }) => `docs/${name}`)
    .filter((file) => file.endsWith(".md") && file !== INDEX_FILE && !ordered.has(file))
    .toSorted().map((file) => sourceOf(file.slice("docs/".length, -".md".length)));
  return { ...Object.fromEntries(groups), ...others.length > 0 && { [UNORDERED]: others } };
}

function sourceOf(guide: string | GuideSource): GuideSource {
  return typeof guide === "string" ? { name: guide, file: `docs/${guide}.md` } : guide;
}

function exists(file: string): boolean {
  try {
    return Deno.statSync(new URL(file, ROOT)).isFile;
  } catch {
    return false;
  }
}
