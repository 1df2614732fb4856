// Asking over HTTP. An answer is {data, errors}; what is no answer is an ApiFailure, with a kind to branch on:
// "signin" (the gateway has to know who asks), "busy" (ask again after `seconds`) and "refused" say that nothing was
// done; after "unreachable" and "broken" something may have been.

import { asHeaders } from "./credentials.js";

const READ_WITHIN = 30_000;
// A vendor may take long to take something back; giving up early would only leave it unknown.
const CHANGE_WITHIN = 120_000;

export class ApiFailure extends Error {
  constructor(kind, message, seconds = null) {
    super(message);
    this.kind = kind;
    this.seconds = seconds;
  }
}

/** One operation. Resolves to {data, errors: []}; rejects with an ApiFailure. */
export async function ask(query, variables = {}, { fresh = false, change = false } = {}) {
  let response;
  try {
    response = await fetch("graphql", {
      method: "POST",
      headers: {
        accept: "application/graphql-response+json, application/json;q=0.9",
        "content-type": "application/json",
        ...(fresh ? { "cache-control": "no-cache" } : {}),
        ...asHeaders(),
      },
      body: JSON.stringify({ query, variables }),
      // No mode of `cache` but the browser's own: "no-store" would also ask past the gateway's caches.
      credentials: "omit",
      signal: AbortSignal.timeout(change ? CHANGE_WITHIN : READ_WITHIN),
    });
  } catch (problem) {
    const late = problem.name === "TimeoutError";
    throw new ApiFailure(
      "unreachable",
      late ? "The gateway did not answer in time." : "The gateway cannot be reached.",
    );
  }
  let answer;
  try {
    answer = await response.json();
  } catch {
    throw new ApiFailure("unreachable", `No whole answer of the gateway came (HTTP ${response.status}).`);
  }
  const errors = answer.errors ?? [];
  const codes = errors.map((error) => error.extensions?.code);
  if (needsSignIn(errors)) throw new ApiFailure("signin", errors[0].message);
  if (codes.includes("RATE_LIMITED") || codes.includes("KEYS_UNAVAILABLE")) {
    throw new ApiFailure("busy", errors[0].message, Number(response.headers.get("retry-after")) || 10);
  }
  if (answer.data === undefined || answer.data === null) {
    const broken = response.status >= 500 || codes.includes("INTERNAL");
    const id = errors.find((error) => error.extensions?.id)?.extensions.id;
    const words = [...new Set(errors.map((error) => error.message))].join(" ") || `HTTP ${response.status}`;
    throw new ApiFailure(broken ? "broken" : "refused", id ? `${words} (the gateway's log has it as ${id})` : words);
  }
  return { data: answer.data, errors };
}

/** Whether these errors say that nobody is known to ask. */
export const needsSignIn = (errors) => errors.some((error) => error.extensions?.code === "UNAUTHENTICATED");
