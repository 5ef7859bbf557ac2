import { assert, assertEquals } from "@std/assert";

/**
 * The layers from top to bottom; each is a list of folders and of files of the root. Files import
 * from their own layer and from lower ones.
 */
const LAYERS: readonly (readonly string[])[] = [
  ["bench", "ops", "scripts"],
  ["demo"],
  ["main.ts", "entry"],
  ["gateway.ts"],
  ["routes"],
  ["middleware"],
  ["callbacks", "idempotency", "budgets"],
  ["upstream", "auth"],
  ["state"],
  ["telemetry"],
  ["reference"],
  ["sandbox"],
  ["schemas"],
  [
    "callback_settings.ts",
    "config.ts",
    "config_conflicts.ts",
    "delivery_codes.ts",
    "errors",
    "exchange.ts",
    "issuer_settings.ts",
    "limits",
    "operations.ts",
    "policies",
    "proxy.ts",
    "raw_url.ts",
    "route_table.ts",
    "setting_schemas.ts",
    "platform.ts",
    "setting_faults.ts",
    "setting_files.ts",
    "settings.ts",
    "state_url.ts",
    "unknown_variables.ts",
    "version.ts",
  ],
];

/** Units that may be imported only by these, although their layer is low. */
const IMPORTED_ONLY_BY: Readonly<Record<string, readonly string[]>> = {
  reference: ["routes", "demo", "scripts"],
  sandbox: ["bench", "scripts"],
};

/** Units that may import only these units and files, although lower layers have more. */
const IMPORTS_ONLY: Readonly<Record<string, readonly string[]>> = {
  sandbox: ["operations.ts", "schemas", "policies/message_parts.ts", "policies/msisdn.ts"],
};

/** Folders whose files are not part of the layers: tests, generated files and types. */
const NOT_LAYERED: ReadonlySet<string> = new Set(["coverage", "dist", "tests", "types"]);

interface Import {
  /** `file:line` of the import. */
  readonly place: string;
  readonly from: string;
  readonly to: string;
}

const ROOT = new URL("../", import.meta.url);

/** All TypeScript files below a folder, as paths from the root. */
function* sourceFiles(folder = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder || ".", ROOT))) {
    if (name.startsWith(".") || name === "node_modules") continue;
    if (folder === "" && NOT_LAYERED.has(name)) continue;
    if (isDirectory) yield* sourceFiles(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield folder + name;
  }
}

/** Static, dynamic and type imports and re-exports of relative paths. */
const SPECIFIER = /\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+\.ts)"/g;

/** The imports of a file's text; `place` is the line of the specifier. Comments do not count. */
function importsIn(file: string, text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, (c) => c.replace(/[^\n]/g, " "));
  return [...code.matchAll(SPECIFIER)].map(({ 0: match, 1: specifier = "", index }) => ({
    place: `${file}:${code.slice(0, index + match.length).split("\n").length}`,
    from: file,
    to: new URL(specifier, `file:///${file}`).pathname.slice(1),
  }));
}

/** The folder of the root that a file is in, or the file itself. */
function unitOf(file: string): string {
  return file.split("/", 1)[0] ?? file;
}

function layerOf(file: string): number {
  return LAYERS.findIndex((layer) => layer.includes(unitOf(file)));
}

/** Whether an import goes to a higher layer, or to or from a unit that has its own rule. */
function isForbidden({ from, to }: Import): boolean {
  const [importer, imported] = [unitOf(from), unitOf(to)];
  if (importer === imported) return false;
  return layerOf(from) > layerOf(to) ||
    IMPORTS_ONLY[importer]?.some((one) => one === imported || one === to) === false ||
    IMPORTED_ONLY_BY[imported]?.includes(importer) === false;
}

/** Those of the imports that are part of a circle; `nodeOf` gives the node of a file. */
function circular(imports: readonly Import[], nodeOf: (file: string) => string): Import[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    const targets = next.get(nodeOf(from)) ?? new Set();
    next.set(nodeOf(from), targets.add(nodeOf(to)));
  }
  const reaches = (start: string, goal: string): boolean => {
    const seen = new Set([start]);
    for (const node of seen) for (const target of next.get(node) ?? []) seen.add(target);
    return seen.has(goal);
  };
  return imports.filter(({ from, to }) =>
    nodeOf(from) !== nodeOf(to) && reaches(nodeOf(to), nodeOf(from))
  );
}

function lines(imports: readonly Import[]): string[] {
  return imports.map(({ place, to }) => `${place} imports ${to}`).sort();
}

const FILES = [...sourceFiles()];
const IMPORTS = FILES.flatMap((file) =>
  importsIn(file, Deno.readTextFileSync(new URL(file, ROOT)))
);

Deno.test("every source file belongs to a layer, and every import is of one", () => {
  assert(FILES.length > 100 && IMPORTS.length > 300, `${FILES.length}, ${IMPORTS.length}`);
  assertEquals(FILES.filter((file) => layerOf(file) === -1), []);
  const isKnown = ({ to }: Import) => FILES.includes(to) || unitOf(to) === "tests";
  assertEquals(lines(IMPORTS.filter((found) => !isKnown(found))), []);
});

Deno.test("imports point to the same layer or to a lower one", () => {
  const layered = IMPORTS.filter(({ to }) => unitOf(to) !== "tests");
  assertEquals(lines(layered.filter(isForbidden)), []);
});

Deno.test("only benchmarks import from tests", () => {
  const ofTests = IMPORTS.filter(({ to }) => unitOf(to) === "tests");
  assertEquals(lines(ofTests.filter(({ from }) => unitOf(from) !== "bench")), []);
});

Deno.test("no files import each other in a circle", () => {
  assertEquals(lines(circular(IMPORTS, (file) => file)), []);
});

Deno.test("no folders import each other in a circle", () => {
  assertEquals(lines(circular(IMPORTS, unitOf)), []);
});

Deno.test("upward imports and circles are found by file and line", () => {
  const upward = importsIn("errors/a.ts", 'import {\n  x,\n} from "../upstream/b.ts";\n');
  assertEquals(lines(upward), ["errors/a.ts:3 imports upstream/b.ts"]);
  assertEquals(upward.map(isForbidden), [true]);
  const circle = [
    ...importsIn("auth/a.ts", '\nimport type { B } from "./b.ts";\n'),
    ...importsIn("auth/b.ts", 'export * from "./c.ts";\nconst load = () => import("./a.ts");\n'),
    ...importsIn("auth/c.ts", '/** {@link import("./a.ts").A} */\n// import "./a.ts"\n'),
  ];
  assertEquals(lines(circular(circle, (file) => file)), [
    "auth/a.ts:2 imports auth/b.ts",
    "auth/b.ts:2 imports auth/a.ts",
  ]);
});
