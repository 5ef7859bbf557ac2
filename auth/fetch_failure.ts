import { errors } from "jose";
import { networkCause } from "../errors/network_cause.ts";
import { KeySetDownloadError } from "./key_set_download.ts";

/** Why a key set was not fetched, in a few words; quotes neither the URL nor the answer. */
export function fetchFailure(error: unknown): string {
  if (error instanceof KeySetDownloadError) return error.message;
  if (error instanceof SyntaxError) return "answer is not JSON";
  if (error instanceof errors.JWKSInvalid) return "answer is not a JSON Web Key Set";
  return networkCause(error) ?? "no answer";
}
