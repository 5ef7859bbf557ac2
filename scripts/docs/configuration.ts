import { fileVariable, type Setting, SETTINGS } from "../../settings.ts";
import { table } from "./table.ts";

/** The sections of the page: a title, and the first setting of each, in the order of SETTINGS. */
const SECTIONS: readonly (readonly [title: string, first: keyof typeof SETTINGS])[] = [
  ["Listening", "PORT"],
  ["The SMS API", "SMS_REGION"],
  ["Tokens of callers", "AUTH_JWKS_URL"],
  ["Request bodies", "MAX_BODY_BYTES"],
  ["Deadlines, retries and the circuit breaker", "UPSTREAM_TIMEOUT_MS"],
  ["Limits", "MAX_IN_FLIGHT"],
  ["State and idempotency", "STATE_URL"],
  ["Shutdown and reference", "SHUTDOWN_GRACE_MS"],
  ["Logs, traces and metrics", "LOG_LEVEL"],
];

const INTRODUCTION = `# Configuration

The gateway reads environment variables once, at its start; [.env.example](../.env.example) lists
them with the expected values. All invalid settings are reported together, by name, without values.
An empty variable counts as not set. One pair of quotes around a value is removed. For a variable
that looks like a misspelt setting, the gateway logs a warning (\`unknown variable\`).

A setting with a second name that ends in \`_FILE\` can come from a file, whose path that variable
has. A change of the file is taken over while the gateway runs: see
[Secrets from files](deploy.md#secrets-from-files).
`;

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  const settings = Object.entries<Setting>(SETTINGS);
  const starts = SECTIONS.map(([, first]) => settings.findIndex(([name]) => name === first));
  const sections = SECTIONS.map(([title], index) => {
    const rows = settings.slice(starts[index], starts[index + 1]);
    return `## ${title}\n\n${table(["Name", "Default", "Meaning"], rows.map(row))}\n`;
  });
  return [INTRODUCTION, ...sections].join("\n");
}

function row([name, setting]: [string, Setting]): string[] {
  const names = setting.file ? [name, fileVariable(name)] : [name];
  return [names.map((each) => `\`${each}\``).join(", "), defaultCell(setting), setting.meaning];
}

function defaultCell({ fallback, default: value, optional }: Setting): string {
  const plain = value !== undefined ? `\`${value}\`` : optional ? "–" : "required";
  return fallback ? `\`${fallback}\`, else ${plain === "–" ? "off" : plain}` : plain;
}
