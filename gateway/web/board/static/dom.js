// Building and changing elements. Text goes in as text nodes only: what a vendor says is never read as markup.

/** An element. `props` holds attributes, `on` listeners by event; children are nodes or texts, and nothing for null. */
export function el(tag, props = {}, ...children) {
  const { on, ...attributes } = props;
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  for (const [event, listener] of Object.entries(on ?? {})) node.addEventListener(event, listener);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Set an attribute, if it is not so yet; null or false takes it away. */
export function set(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** Set a text, if it is not so yet. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const byId = (id) => document.getElementById(id);

/** A moment as an element: how long ago, with the exact time as its title. `moment` is RFC 3339 or null. */
export function when(moment) {
  const node = el("time");
  setWhen(node, moment);
  return node;
}

/** Change what `when` made. */
export function setWhen(node, moment) {
  if (moment === null || moment === undefined) {
    set(node, "datetime", null);
    set(node, "title", null);
    say(node, "–");
    return;
  }
  set(node, "datetime", moment);
  set(node, "title", new Date(moment).toLocaleString());
  say(node, ago(moment));
}

const STEPS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/** "5 min. ago", of RFC 3339. */
export function ago(moment) {
  const seconds = (Date.parse(moment) - Date.now()) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit);
  }
  return seconds > 5 ? "in a moment" : "just now";
}

/** Bring all moments on the page up to date. */
export function ageAll() {
  for (const node of document.querySelectorAll("time[datetime]")) say(node, ago(node.dateTime));
}

let pending = [];

/** Tell a screen reader, politely: several within a second are told together. */
export function announce(text) {
  pending.push(text);
  if (pending.length > 1) return;
  setTimeout(() => {
    byId("announce").textContent = pending.length > 4 ? `${pending.length} changes.` : pending.join(" ");
    pending = [];
  }, 1000);
}
