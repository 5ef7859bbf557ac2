import { open } from "node:fs/promises";
import type { FileContent } from "../setting_files.ts";

/** More than this in one setting is not a setting: 10,000 service plans take 1 MiB. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** Reads a file with the value of a setting; a byte order mark and the last line break are cut. */
export async function readSettingFile(path: string): Promise<FileContent> {
  try {
    const file = await open(path);
    try {
      const info = await file.stat();
      if (!info.isFile()) return { problem: "it names no file" };
      if (info.size > MAX_FILE_BYTES) {
        return { problem: `the file is larger than ${MAX_FILE_BYTES} bytes` };
      }
      const text = await file.readFile({ encoding: "utf8" });
      return { text: text.replace(/^\uFEFF/, "").replace(/\r?\n$/, "") };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return "the file cannot be read";
  const code = "code" in error ? String(error.code) : error.name;
  if (code === "ENOENT") return "there is no such file";
  if (error.name === "NotCapable") {
    return "the process may not read the file: add its folder to --allow-read";
  }
  return `the file cannot be read (${code})`;
}
