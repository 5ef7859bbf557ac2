import { type Setting, SETTINGS } from "../../settings.ts";

const INTRODUCTION =
  `# Every setting of the gateway, with its default. Copy to .env; docker compose,
# \`docker run --env-file\` and \`deno run --env-file\` read it. A value that is commented out is the
# default. One pair of quotes around a value, single or double, is removed.
`;

/** The text of .env.example. */
export function envExample(): string {
  const settings = Object.entries<Setting>(SETTINGS).map(([name, setting]) => {
    const { meaning, expected, default: value, optional } = setting;
    const comment = value !== undefined || optional ? "# " : "";
    return `# ${meaning.replaceAll("`", "")}\n# Expected: ${expected}\n${comment}${name}=${
      value ?? ""
    }\n`;
  });
  return [INTRODUCTION, ...settings].join("\n");
}
