import { configurationPage } from "./configuration.ts";
import { envExample } from "./env_example.ts";
import { errorsPage } from "./errors.ts";
import { guideFiles } from "./guides.ts";

/**
 * The files that are generated from code and from other files: path in the repository → text. The
 * guides are last, since they are made from the files before them.
 */
export const GENERATED_FILES: Readonly<Record<string, () => string>> = {
  ".env.example": envExample,
  "docs/configuration.md": configurationPage,
  "docs/errors.md": errorsPage,
  ...guideFiles(),
};
