import { VERSION } from "../version.ts";

/** The attributes of this process, by the semantic conventions of a service. */
export function resourceAttributes(
  configured: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    "service.version": VERSION,
    "service.instance.id": crypto.randomUUID(),
    ...configured,
  };
}
