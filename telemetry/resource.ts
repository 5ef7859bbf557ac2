import { VERSION } from "../version.ts";

let instanceId: string | undefined;

/** The attributes of this process, by the semantic conventions of a service. */
export function resourceAttributes(
  configured: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    "service.version": VERSION,
    "service.instance.id": instanceId ??= crypto.randomUUID(), // the same for all signals
    ...configured,
  };
}
