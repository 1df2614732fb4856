// What became of a change, and what was wrong, in words that promise no more than is known.

import { el } from "./dom.js";
import { phrase, tone } from "./words.js";

const WORDS = {
  DONE: "It was read back from the vendor, and shows as cancelled.",
  REQUESTED: "The vendor accepted it and takes its time. It does not show as cancelled yet.",
  ALREADY_DONE: "Nothing had to be done.",
  ALREADY_DELETED: "It was deleted before; the vendor was not called.",
  PREVIEWED: "Nothing was called that changes anything.",
  REFUSED: "It was not tried. Nothing has changed.",
  FAILED: "The vendor said no.",
  UNKNOWN: "It was sent, and no trustworthy answer came back: it may have happened. Read back before repeating it.",
};

/** An outcome as a line; `what` it is of, where there are several. */
export function outcomeLine(outcome, what = null) {
  const unsure = outcome === "UNKNOWN" ? "warn" : tone(outcome);
  return el(
    "p",
    { class: "outcome-line" },
    what && el("strong", {}, what, " "),
    el("span", { class: `badge ${unsure}` }, phrase(outcome)),
    " ",
    WORDS[outcome] ?? "",
  );
}

/** Errors as a list of what to do next, with what the vendor said itself. */
export function errorList(errors, names = new Map()) {
  return el("ul", { class: "errors" }, ...errors.map((error) => el("li", {}, ...errorParts(error, names))));
}

function errorParts(error, names) {
  const name = error.target ? names.get(error.target) : null;
  const more = [];
  if (error.vendorCode || error.vendorMessage)
    more.push(`The vendor: ${[error.vendorCode, error.vendorMessage].filter(Boolean).join(", ")}.`);
  if (error.requestId) more.push(`Its request: ${error.requestId}.`);
  if (error.checkAfterSeconds) more.push(`Look again after ${Math.ceil(error.checkAfterSeconds)} s.`);
  if (error.retryAfterSeconds) more.push(`Repeat after ${Math.ceil(error.retryAfterSeconds)} s.`);
  return [
    name ? el("strong", {}, `${name}: `) : null,
    error.message,
    " ",
    el("code", {}, error.code),
    more.length > 0 ? ` ${more.join(" ")}` : null,
  ];
}

/** Where the change stands in the audit. */
export const auditLine = (id, of = "") =>
  id === null
    ? el("p", { class: "muted" }, "No audit entry was written.")
    : el("p", { class: "muted audit" }, `Audit entry${of} `, el("code", {}, id));
