// The list of tasks: read in pages through the cache, and followed live for those in sight.

import * as address from "./address.js";
import { ask } from "./api.js";
import { part, showBackends } from "./backends.js";
import { bar, showBar } from "./bars.js";
import { ago, announce, byId, el, say, set, setWhen, when } from "./dom.js";
import { asFilter, grouping, narrowed, offer } from "./filters.js";
import { tell } from "./notices.js";
import { BACKENDS, BOARD, MORE_TASKS } from "./operations.js";
import * as sight from "./sight.js";
import { TASK_STATUSES, inside, listed, many, phrase, taskEnded, taskTone } from "./words.js";

const PAGE = 50;
// The most rows that one answer may have. Rows beyond stay as they were read.
const MOST = 1000;
const PATIENCE = 1000;

const table = byId("task-table");
const rows = new Map();
const groups = new Map();
let order = [];
let next = null;
let asking = 0;
let waiting = false;
let changed = () => {};

sight.start({ shown: () => order.map((id) => rows.get(id)), learn });

/** Hear of every change of what is shown. */
export function onChange(told) {
  changed = told;
}

/** Read backends and tasks: as many rows as are shown. */
export async function load({ anew = false } = {}) {
  const turn = (asking += 1);
  const first = anew ? PAGE : Math.min(Math.max(order.length, PAGE), MOST);
  const late = anew && setTimeout(() => loadEachAlone(turn).catch(() => {}), PATIENCE);
  let answer;
  try {
    answer = await ask(BOARD, { first, filter: asFilter() });
  } finally {
    clearTimeout(late);
    if (turn === asking) waiting = false;
  }
  if (turn !== asking) return;
  const { data, errors } = answer;
  tell("list", errors);
  showBackends(data.backends, data.tasks.backends);
  offer(data.backends);
  const beyond = anew ? [] : order.slice(first);
  keep(data.tasks.nodes, beyond);
  if (beyond.length === 0) next = data.tasks.pageInfo;
  draw();
  if (anew) announce(`${many(order.length, "task")} shown.`);
}

/**
 * A list over all waits for the slowest backend. Meanwhile each is asked alone, which costs vendors nothing: equal reads
 * under way are one. The list over all takes the place of what they told.
 */
async function loadEachAlone(turn) {
  const { data } = await ask(BACKENDS);
  if (turn !== asking) return;
  waiting = true;
  next = null;
  const { backends: names, vendors } = asFilter();
  const asked = data.backends.filter(
    (one) => !(names && !names.includes(one.name)) && !(vendors && !vendors.includes(one.vendor)),
  );
  const told = new Map(asked.map(({ name }) => [name, { name, status: "ASKING" }]));
  const found = [];
  const show = () => {
    showBackends(data.backends, [...told.values()]);
    keep(
      found.sort((one, other) => Date.parse(other.createdAt ?? 0) - Date.parse(one.createdAt ?? 0)),
      [],
    );
    draw();
  };
  show();
  offer(data.backends);
  byId("board").classList.remove("unread");
  await Promise.all(
    asked.map(async ({ name }) => {
      const { data: alone } = await ask(MORE_TASKS, { first: PAGE, filter: { ...asFilter(), backends: [name] } });
      if (turn !== asking || !waiting) return;
      for (const one of alone.tasks.backends) told.set(one.name, one);
      found.push(...alone.tasks.nodes);
      show();
    }),
  );
}

/** Read the next page. */
export async function more() {
  const turn = (asking += 1);
  const { data, errors } = await ask(MORE_TASKS, { first: PAGE, after: next.endCursor, filter: asFilter() });
  if (turn !== asking) return;
  tell("list", errors);
  const before = order;
  next = data.tasks.pageInfo;
  keep(data.tasks.nodes, before, { behind: true });
  draw();
  announce(`${many(order.length - before.length, "more task")} shown.`);
  // Where there is no more to show, the button is gone, and the focus must not go with it.
  if (!next.hasNextPage) rows.get(order.at(-1))?.link.focus();
}

/** Take in what somebody else read of a task. */
export function learn(task) {
  const row = rows.get(task.id);
  if (row === undefined) return;
  const before = row.task;
  row.task = { ...before, ...task };
  paint(row);
  if (taskEnded(row.task) !== taskEnded(before)) sight.settle();
  if (before.status !== row.task.status) {
    announce(`${row.task.name}: ${inside(row.task.status)}.`);
    draw();
  }
}

/** Draw anew in other groups. */
export const regroup = () => draw();

/** Mark the row of the open task. */
export function mark(id) {
  for (const row of rows.values()) set(row.node, "aria-current", row.task.id === id ? "true" : null);
}

/** The link to a task, if it is shown. */
export const linkTo = (id) => rows.get(id)?.link;

/** Let go of everything. */
export function forget() {
  asking += 1;
  next = null;
  keep([], []);
  draw();
}

/** How many of those shown are under way; whether there are more. */
export const summary = () => ({
  running: order.filter((id) => rows.get(id).task.status === "IN_PROGRESS").length,
  more: next?.hasNextPage ?? false,
});

function keep(nodes, others, { behind = false } = {}) {
  const ids = nodes.map((task) => task.id);
  const own = new Set(ids);
  order = behind ? [...others, ...ids.filter((id) => !rows.has(id))] : [...ids, ...others.filter((id) => !own.has(id))];
  const there = new Set(order);
  for (const [id, row] of rows) {
    if (there.has(id)) continue;
    sight.lose(row.node);
    row.node.remove();
    rows.delete(id);
  }
  for (const task of nodes) {
    const row = rows.get(task.id);
    if (row === undefined) rows.set(task.id, newRow(task));
    else if (Date.parse(task.observedAt) >= Date.parse(row.task.observedAt)) renew(row, task);
    paint(rows.get(task.id));
  }
  sight.settle();
}

/** Take in what the list says. Counters of another status are not shown beside this one. */
function renew(row, task) {
  const before = row.task;
  row.task = { ...before, ...task };
  if (before.status === task.status) return;
  row.asked = false;
  row.task.executionCounts = row.task.outcome = undefined;
}

function newRow(task) {
  const row = {
    task,
    link: el("a", { href: address.taskAddress(task.id) }, task.name),
    native: el("span", { class: "native muted" }),
    badge: el("span", { class: "badge" }),
    vendor: el("code", { class: "vendor-status", title: "as the vendor has it" }),
    outcome: el("span", { class: "muted outcome" }),
    bar: bar(`Progress of ${task.name}`),
    created: when(task.createdAt),
  };
  row.node = el(
    "tr",
    { role: "row", "data-id": task.id },
    el("th", { role: "rowheader", scope: "row" }, row.link, row.native),
    el("td", { role: "cell", class: "status" }, row.badge, " ", row.vendor, row.outcome),
    el("td", { role: "cell", class: "progress" }, row.bar.node),
    el("td", { role: "cell", class: "where" }, task.backend.name),
    el("td", { role: "cell", class: "created" }, row.created),
  );
  set(row.node, "aria-current", address.openTask() === task.id ? "true" : null);
  sight.look(row.node);
  return row;
}

function paint({ task, link, native, badge, vendor, outcome, bar: shown, created }) {
  say(link, task.name);
  say(native, task.nativeId === task.name ? "" : task.nativeId);
  set(badge, "class", `badge ${taskTone(task)}`);
  say(badge, phrase(task.status));
  say(vendor, task.vendorStatus);
  say(outcome, task.outcome && inside(task.outcome) !== inside(task.status) ? inside(task.outcome) : "");
  showBar(shown, task);
  setWhen(created, task.createdAt);
}

// ---------------------------------------------------------------- groups

const KEY_OF = {
  vendor: (task) => task.backend.vendor,
  backend: (task) => task.backend.name,
  status: (task) => task.status,
  none: () => "",
};

function draw() {
  const by = grouping();
  const found = new Map();
  for (const id of order) {
    const row = rows.get(id);
    const key = `${by}:${KEY_OF[by](row.task)}`;
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(row);
  }
  const keys = [...found.keys()];
  if (by === "status") keys.sort((one, other) => rank(nameIn(one)) - rank(nameIn(other)));
  else keys.sort();
  for (const [key, group] of groups) {
    if (found.has(key)) continue;
    group.body.remove();
    groups.delete(key);
  }
  keys.forEach((key, place) => {
    const group = groups.get(key) ?? newGroup(key);
    if (table.tBodies[place] !== group.body) table.insertBefore(group.body, table.tBodies[place] ?? null);
    fill(group, found.get(key), by);
  });
  showGaps();
  showSummary();
  changed();
}

// What moves comes first, then what waits, then what has ended.
const rank = (status) => (status === "IN_PROGRESS" ? -1 : TASK_STATUSES.indexOf(status));
const nameIn = (key) => key.slice(key.indexOf(":") + 1);

function newGroup(key) {
  const name = nameIn(key);
  const group = { body: el("tbody", { role: "rowgroup" }), head: null, told: el("span", { class: "muted" }) };
  if (name !== "") {
    const words = key.startsWith("backend:") ? name : phrase(name);
    group.head = el(
      "tr",
      { role: "row", class: "group" },
      el(
        "th",
        { role: "rowheader", scope: "rowgroup", colspan: 5 },
        el("span", { class: "group-name" }, words),
        " ",
        group.told,
      ),
    );
    group.body.append(group.head);
  }
  groups.set(key, group);
  return group;
}

function fill(group, members, by) {
  const start = group.head === null ? 0 : 1;
  members.forEach((row, place) => {
    const there = group.body.rows[start + place];
    if (there !== row.node) group.body.insertBefore(row.node, there ?? null);
  });
  const numbers = new Map();
  for (const { task } of members) numbers.set(task.status, (numbers.get(task.status) ?? 0) + 1);
  const words = [...numbers]
    .sort(([one], [other]) => rank(one) - rank(other))
    .map(([status, count]) => `${count} ${inside(status)}`);
  say(group.told, by === "status" ? String(members.length) : words.join(" · "));
}

// ---------------------------------------------------------------- what is missing, and how much is shown

function showGaps() {
  const gaps = byId("gaps");
  const missing = [...document.querySelectorAll("#backends [data-backend]")]
    .map((card) => part(card.dataset.backend))
    .filter((one) => one !== undefined && one.status !== "OK" && one.status !== "ASKING");
  gaps.hidden = missing.length === 0;
  gaps.replaceChildren(...missing.map(gap));
}

function gap({ name, status, error, fetchedAt }) {
  const words = {
    FAILED: "could not be asked: its tasks are missing here.",
    STALE: `could not be asked: its tasks are shown as they were ${fetchedAt ? ago(fetchedAt) : "before"}.`,
    SKIPPED: "is left out.",
  }[status];
  return el(
    "li",
    { "data-status": status },
    el("strong", {}, name),
    ` ${words} `,
    error ? el("span", {}, error.message) : null,
  );
}

function showSummary() {
  const tasks = order.map((id) => rows.get(id).task);
  const active = tasks.filter((task) => !taskEnded(task)).length;
  const others = waiting ? "; slower backends are being asked" : next?.hasNextPage ? "; there are more" : "";
  say(
    byId("tasks-summary"),
    tasks.length === 0 && !waiting ? "" : `${tasks.length} shown, ${active} not ended${others}`,
  );
  byId("tasks-more").hidden = !next?.hasNextPage;
  const empty = byId("tasks-empty");
  empty.hidden = tasks.length > 0 || waiting;
  if (!empty.hidden) say(empty, emptiness());
}

function emptiness() {
  const missing = [...document.querySelectorAll("#gaps [data-status=FAILED] strong")].map((node) => node.textContent);
  const among = narrowed() ? "No task fits these filters" : "There are no tasks";
  return missing.length > 0 ? `${among} among those that answered; ${listed(missing)} did not.` : `${among}.`;
}
