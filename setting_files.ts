import { type Config, ConfigError, type Environment } from "./config.ts";
import { FILE_SETTINGS } from "./settings.ts";

/** What a file holds, or why it cannot be read, in a few words. */
export type FileContent = { readonly text: string } | { readonly problem: string };

/** Reads a file; never rejects. */
export type ReadFile = (path: string) => Promise<FileContent>;

/** Options of {@linkcode SettingFiles}. */
export interface SettingFilesOptions {
  readonly readFile: ReadFile;
  /** Parses an environment; rejects with {@linkcode ConfigError}. */
  readonly parse: (environment: Environment) => Promise<Config>;
}

/** Told what becomes of changed files. The names are those of the variables, `…_FILE`. */
export interface SettingFilesListener {
  /** Takes over a changed configuration; a rejection refuses the change. */
  apply(config: Config): Promise<void>;
  /** A changed file was taken over. */
  taken(name: string): void;
  /** A changed file cannot be used; the last good one stays. */
  refused(name: string, reason: string): void;
}

interface SettingFile {
  readonly setting: string;
  readonly variable: string;
  readonly path: string;
  /** The content in use. */
  good: string;
  /** The content, or the problem, at the last look. */
  last: string;
  /** The content, or the problem, that was refused; undefined while the file is good. */
  refused: string | undefined;
}

/**
 * The settings that come from files (contract.md §8). Files are read again at every look; a
 * change is taken over when two looks in a row see it, so that a file that is being written is not
 * read half.
 */
export class SettingFiles {
  readonly #environment: Environment;
  readonly #options: SettingFilesOptions;
  readonly #files: readonly SettingFile[];
  /** One look at a time. */
  #looking: Promise<void> = Promise.resolve();

  constructor(environment: Environment, options: SettingFilesOptions) {
    this.#environment = environment;
    this.#options = options;
    this.#files = FILE_SETTINGS.flatMap(([setting, variables]) => {
      const variable = variables.find((name) => environment[name]);
      const path = variable && environment[variable];
      return path ? [{ setting, variable, path, good: "", last: "", refused: undefined }] : [];
    });
  }

  /** Whether no setting comes from a file. */
  get isEmpty(): boolean {
    return this.#files.length === 0;
  }

  /** The variables that name files. */
  get names(): readonly string[] {
    return this.#files.map(({ variable }) => variable);
  }

  /** The variables whose files cannot be used at the moment. */
  get refused(): readonly string[] {
    return this.#files.filter(({ refused }) => refused !== undefined)
      .map(({ variable }) => variable);
  }

  /**
   * Reads all files, for the start.
   *
   * @throws {ConfigError} naming each variable whose file cannot be used
   */
  async load(): Promise<Config> {
    const faults: string[] = [];
    await Promise.all(this.#files.map(async (file) => {
      const { setting, variable, path } = file;
      if (this.#environment[setting]) {
        faults.push(`${setting} and ${variable} exclude each other: set one of them`);
      }
      const content = await this.#options.readFile(path);
      if ("problem" in content) faults.push(`${variable}: ${content.problem}`);
      else file.good = file.last = content.text;
    }));
    if (faults.length > 0) throw new ConfigError(faults);
    return await this.#parse(this.#files);
  }

  /**
   * Looks for changes and takes them over.
   *
   * @param atOnce takes over what is there now, without a second look
   */
  look(listener: SettingFilesListener, { atOnce = false } = {}): Promise<void> {
    return this.#looking = this.#looking.then(() => this.#look(listener, atOnce));
  }

  async #look(listener: SettingFilesListener, atOnce: boolean): Promise<void> {
    const looks = await Promise.all(this.#files.map(async (file) => {
      const content = await this.#options.readFile(file.path);
      const seen = "text" in content ? content.text : content.problem;
      const isSettled = atOnce || seen === file.last;
      file.last = seen;
      return { file, content, isNew: isSettled && seen !== (file.refused ?? file.good) };
    }));
    if (!looks.some(({ isNew }) => isNew)) return;
    // A file that was refused may fit together with one that has changed now.
    await this.#take(
      looks.filter(({ file, isNew }) => isNew || file.refused === file.last),
      listener,
    );
  }

  /** Takes over changes that only fit together, then those that are good by themselves. */
  async #take(changed: readonly Change[], listener: SettingFilesListener): Promise<void> {
    if (changed.length > 1 && await this.#taken(changed, listener) === undefined) return;
    for (const change of changed) {
      const reason = await this.#taken([change], listener);
      if (reason === undefined || change.file.refused === change.file.last) continue;
      change.file.refused = change.file.last;
      listener.refused(change.file.variable, reason);
    }
  }

  /** @returns why the changes cannot be taken over; undefined if they were */
  async #taken(
    changes: readonly Change[],
    listener: SettingFilesListener,
  ): Promise<string | undefined> {
    for (const { content } of changes) if ("problem" in content) return content.problem;
    const texts = new Map(changes.map(({ file, content }) => [file, textOf(content)]));
    const isRestored = [...texts].every(([file, text]) => text === file.good);
    try {
      if (!isRestored) {
        const files = this.#files.map((file) => ({ ...file, good: texts.get(file) ?? file.good }));
        await listener.apply(await this.#parse(files));
      }
    } catch (error) {
      if (error instanceof ConfigError) return error.faults.join("; ");
      return error instanceof Error ? error.name : typeof error;
    }
    for (const [file, text] of texts) {
      file.good = text;
      file.refused = undefined;
      listener.taken(file.variable);
    }
    return undefined;
  }

  #parse(files: readonly SettingFile[]): Promise<Config> {
    const values = files.map(({ setting, good }) => [setting, good]);
    return this.#options.parse({ ...this.#environment, ...Object.fromEntries(values) });
  }
}

interface Change {
  readonly file: SettingFile;
  readonly content: FileContent;
}

function textOf(content: FileContent): string {
  return "text" in content ? content.text : "";
}
