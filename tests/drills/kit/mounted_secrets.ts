/** A folder whose files are replaced as Kubernetes replaces those of a mounted secret. */
export class MountedSecrets {
  readonly #folder: string;
  #version = 0;

  /** @param folder an existing, empty folder */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The path of a file, which stays the same. */
  path(name: string): string {
    return `${this.#folder}/${name}`;
  }

  /**
   * Writes all files to a new folder, and moves the symbolic link `..data` to it in one step; each
   * file is a link to `..data/<name>`.
   */
  async write(files: Readonly<Record<string, string>>): Promise<void> {
    const version = `..version_${++this.#version}`;
    await Deno.mkdir(`${this.#folder}/${version}`);
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${this.#folder}/${version}/${name}`, text);
    }
    await Deno.symlink(version, `${this.#folder}/..data_tmp`);
    await Deno.rename(`${this.#folder}/..data_tmp`, `${this.#folder}/..data`);
    if (this.#version > 1) {
      return await Deno.remove(`${this.#folder}/..version_${this.#version - 1}`, {
        recursive: true,
      });
    }
    for (const name of Object.keys(files)) await Deno.symlink(`..data/${name}`, this.path(name));
  }
}
