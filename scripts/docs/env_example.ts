import { fileVariable, type Setting, SETTINGS } from "../../settings.ts";

const INTRODUCTION =
  `# Every setting of the gateway, with its default. Copy to .env; docker compose,
# \`docker run --env-file\` and \`deno run --env-file\` read it. A value that is commented out is the
# default. One pair of quotes around a value, single or double, is removed.
`;

/** The text of .env.example. */
export function envExample(): string {
  return [INTRODUCTION, ...Object.entries<Setting>(SETTINGS).map(section)].join("\n");
}

function section([name, setting]: [string, Setting]): string {
  const { meaning, expected, default: value, optional, file } = setting;
  const comment = value !== undefined || optional ? "# " : "";
  return [
    `# ${meaning.replaceAll("`", "")}`,
    `# Expected: ${expected}`,
    ...file ? [`# Or ${fileVariable(name)}: the path of a file that has it`] : [],
    `${comment}${name}=${value ?? ""}`,
    "",
  ].join("\n");
}
