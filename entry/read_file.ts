import { type FileHandle, open, stat } from "node:fs/promises";
import type { FileContent, ReadFile } from "../setting_files.ts";

/** More than this in one setting is not a setting: 10,000 service plans take 1 MiB. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** Longest time for a file, in ms: a file system of the network may not answer at all. */
const READ_TIMEOUT_MS = 5_000;

const NO_FILE: FileContent = { problem: "it names no file" };

/** Reads a file with the value of a setting; a byte order mark and the last line break are cut. */
export const readSettingFile: ReadFile = withDeadline(contentOf, READ_TIMEOUT_MS);

/** Gives each read a deadline, in ms. What has not ended then is waited for by the next read. */
export function withDeadline(read: ReadFile, timeoutMs: number): ReadFile {
  const pending = new Map<string, Promise<FileContent>>();
  return async function readWithDeadline(path) {
    const content = pending.get(path) ?? read(path).finally(() => pending.delete(path));
    pending.set(path, content);
    const expired = Promise.withResolvers<FileContent>();
    const problem = "the file cannot be read (timeout)";
    const timer = setTimeout(() => expired.resolve({ problem }), timeoutMs);
    try {
      return await Promise.race([content, expired.promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function contentOf(path: string): Promise<FileContent> {
  try {
    // Before it is opened: opening a named pipe waits for who writes to it.
    if (!(await stat(path)).isFile()) return NO_FILE;
    const file = await open(path);
    try {
      return await textOf(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

async function textOf(file: FileHandle): Promise<FileContent> {
  const info = await file.stat();
  if (!info.isFile()) return NO_FILE;
  if (info.size > MAX_FILE_BYTES) {
    return { problem: `the file is larger than ${MAX_FILE_BYTES} bytes` };
  }
  const text = await file.readFile({ encoding: "utf8" });
  return { text: text.replace(/^\uFEFF/, "").replace(/\r?\n$/, "") };
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
