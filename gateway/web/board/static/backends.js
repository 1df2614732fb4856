// The backends as cards: how each fares, and what it contributed to the list of tasks.

import { ago, announce, byId, el, say, set } from "./dom.js";
import { many, phrase, tone } from "./words.js";

const cards = new Map();
let backends = [];
let parts = new Map();

/** What a backend contributed to the list, by its name; undefined where it was not asked. */
export const part = (name) => parts.get(name);

/** Whether there are some of which nothing is known yet: they may be asked at this very moment. */
export const unasked = () => backends.some((one) => one.health.state === "UNKNOWN");

/** Names of the backends that fail: they are down, or their tasks could not be asked for. */
export const failing = () =>
  backends
    .filter((one) => one.health.state === "DOWN" || parts.get(one.name)?.status === "FAILED")
    .map((one) => one.name);

/** Show the backends; `contributed` is the list's own word on each, where a list was read, or ASKING meanwhile. */
export function showBackends(told, contributed = null) {
  backends = told;
  if (contributed !== null) parts = new Map(contributed.map((one) => [one.name, one]));
  const list = byId("backends");
  for (const [name, card] of cards) {
    if (!told.some((one) => one.name === name)) {
      card.node.remove();
      cards.delete(name);
    }
  }
  told.forEach((one, place) => {
    const card = cards.get(one.name) ?? newCard(one.name);
    if (list.children[place] !== card.node) list.insertBefore(card.node, list.children[place] ?? null);
    update(card, one, parts.get(one.name));
  });
  byId("no-backends").hidden = told.length > 0;
}

function newCard(name) {
  const card = {
    state: el("span", { class: "badge" }),
    place: el("p", { class: "muted" }),
    part: el("p", { class: "part" }),
    figures: el("p", { class: "muted figures" }),
    problem: el("p", { class: "problem" }),
    before: null,
  };
  card.node = el(
    "li",
    { class: "card", "data-backend": name },
    el("div", { class: "card-head" }, el("h3", {}, name), card.state),
    card.place,
    card.part,
    card.problem,
    card.figures,
  );
  cards.set(name, card);
  return card;
}

function update(card, backend, contributed) {
  const { health } = backend;
  set(card.node, "data-tone", cardTone(health, contributed));
  const unasked = health.state === "UNKNOWN";
  set(card.state, "class", `badge ${unasked ? "off" : tone(health.state)}`);
  say(card.state, unasked ? "Not asked yet" : phrase(health.state));
  const facts = [phrase(backend.vendor), backend.region, backend.readOnly ? "read-only" : null];
  say(card.place, facts.filter(Boolean).join(" · "));
  say(card.part, contribution(contributed));
  const problem = problemOf(health, contributed);
  say(card.problem, problem ?? "");
  card.problem.hidden = problem === null;
  const figures = [`${many(health.callsLastMinute, "call")}/min`];
  if (health.callBudgetPerSecond !== null) figures.push(`${health.callBudgetPerSecond.toLocaleString("en")}/s allowed`);
  if (health.latencyP50Ms !== null) figures.push(`${Math.round(health.latencyP50Ms)} ms`);
  say(card.figures, figures.join(" · "));
  if (card.before !== null && card.before !== health.state)
    announce(`${backend.name} is ${phrase(health.state).toLowerCase()}.`);
  card.before = health.state;
}

function cardTone(health, contributed) {
  if (health.state === "DOWN" || contributed?.status === "FAILED") return "bad";
  if (health.state === "DEGRADED" || health.circuit !== "CLOSED" || contributed?.status === "STALE") return "warn";
  return health.state === "UNKNOWN" ? "off" : "ok";
}

function contribution(contributed) {
  if (contributed === undefined) return "Its tasks are not in this list";
  if (contributed.status === "OK") return "Tasks are up to date";
  if (contributed.status === "ASKING") return "Tasks are being asked for…";
  if (contributed.status === "STALE") return `Tasks as they were ${ago(contributed.fetchedAt)}`;
  if (contributed.status === "SKIPPED") return "Its vendor cannot list tasks";
  return "Tasks could not be asked for";
}

function problemOf(health, contributed) {
  const words = [];
  const ill = health.state === "DEGRADED" || health.state === "DOWN";
  const error = contributed?.error ?? (ill ? health.lastError : null);
  if (error) words.push(error.message);
  if (ill && health.since) words.push(`So since ${new Date(health.since).toLocaleTimeString()}.`);
  if (health.circuit === "OPEN") {
    const until = health.circuitOpenUntil ? ` until ${new Date(health.circuitOpenUntil).toLocaleTimeString()}` : "";
    words.push(`Circuit open: it is left alone${until}.`);
  } else if (health.circuit === "HALF_OPEN") {
    words.push("Circuit half open: one call finds out whether it answers again.");
  }
  return words.length === 0 ? null : words.join(" ");
}
