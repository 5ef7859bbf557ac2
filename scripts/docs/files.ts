import { configurationPage } from "./configuration.ts";
import { envExample } from "./env_example.ts";
import { errorsPage } from "./errors.ts";

/** The files that are generated from code: path in the repository → text. */
export const GENERATED_FILES: Readonly<Record<string, () => string>> = {
  ".env.example": envExample,
  "docs/configuration.md": configurationPage,
  "docs/errors.md": errorsPage,
};
