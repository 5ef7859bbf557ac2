/** Version in `assets/swagger_ui.json`, known without loading the file; a test compares them. */
export const SWAGGER_UI_VERSION = "5.35.0";

/** Swagger UI's script or style sheet, compressed with gzip. */
export async function swaggerUi(part: "script" | "style"): Promise<Uint8Array<ArrayBuffer>> {
  const { default: packed } = await import("./assets/swagger_ui.json", { with: { type: "json" } });
  return decodeBase64(packed[part]);
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
