/** Whether this machine has curl. */
export async function hasCurl(): Promise<boolean> {
  try {
    const curl = new Deno.Command("curl", { args: ["--version"], stdout: "null" });
    return (await curl.output()).success;
  } catch {
    return false;
  }
}
