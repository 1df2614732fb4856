// What is wrong with asking itself, above everything else: one banner, gone when it is over.

import { byId, el } from "./dom.js";

const shown = new Map();

/** Show a notice under a name; another one of that name takes its place. `action` is {text, run}. */
export function notice(name, text, action = null) {
  const before = shown.get(name);
  if (before?.text === text) return;
  shown.set(name, { text, action });
  draw();
}

/** Take a notice away. */
export function over(name) {
  if (shown.delete(name)) draw();
}

function draw() {
  const banner = byId("banner");
  banner.hidden = shown.size === 0;
  banner.replaceChildren(
    ...[...shown].map(([name, { text, action }]) =>
      el(
        "p",
        {},
        el("span", {}, text),
        action
          ? el("button", { type: "button", on: { click: action.run } }, action.text)
          : el("button", { type: "button", on: { click: () => over(name) } }, "Dismiss"),
      ),
    ),
  );
}

/** Show top-level errors of an answer, without repeating what a list says itself. */
export function tell(name, errors) {
  const texts = [...new Set(errors.map(said))];
  if (texts.length === 0) over(name);
  else notice(name, texts.slice(0, 3).join(" ") + (texts.length > 3 ? ` And ${texts.length - 3} more.` : ""));
}

function said(error) {
  const { code, id, backend } = error.extensions ?? {};
  if (code === "FORBIDDEN") return `You may not see a part of this: ${error.message}`;
  if (code === "INTERNAL") return `The gateway failed at a part of this; its log knows it as ${id}.`;
  return backend && !error.message.includes(backend) ? `${backend}: ${error.message}` : error.message;
}
