/** Version of what `assets/swagger_ui.json` holds, known without loading it; a test compares. */
export const SWAGGER_UI_VERSION = "5.35.0";

/** Swagger UI's script and style sheet, each compressed with gzip. */
export async function swaggerUi(): Promise<Record<"script" | "style", Uint8Array<ArrayBuffer>>> {
  const { default: packed } = await import("./assets/swagger_ui.json", { with: { type: "json" } });
  return { script: decodeBase64(packed.script), style: decodeBase64(packed.style) };
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
