// The tasks in sight: those that run are followed live, of those that ended it is asked once how. What is out of sight
// costs nobody anything.

import { ask } from "./api.js";
import { subscribe } from "./live.js";
import { TASKS_IN_SIGHT, WATCH_TASKS } from "./operations.js";
import { taskEnded } from "./words.js";

const SETTLED = 300;
const WATCHED_AT_ONCE = 50;
const ASKED_AT_ONCE = 25;

const inSight = new Set();
const watches = new Map();
let settling = null;
let shown = () => [];
let learn = () => {};

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) inSight.add(target.dataset.id);
      else inSight.delete(target.dataset.id);
    }
    settle();
  },
  { rootMargin: "200px" },
);

/** Start: `shown` gives the rows in their order, as {task, asked}; `learn` is told what is found out of a task. */
export function start(list) {
  ({ shown, learn } = list);
}

/** Look whether a row, with its task's id in data-id, is in sight. */
export const look = (node) => observer.observe(node);

/** Look no more. */
export function lose(node) {
  observer.unobserve(node);
  inSight.delete(node.dataset.id);
}

/** Follow what is in sight now, once scrolling and reading have come to rest. */
export function settle() {
  clearTimeout(settling);
  settling = setTimeout(() => {
    const rows = shown().filter(({ task }) => inSight.has(task.id));
    follow(rows.filter(({ task }) => !taskEnded(task)));
    askOfEnded(rows.filter(({ task, asked }) => taskEnded(task) && !asked && task.executionCounts === undefined));
  }, SETTLED);
}

/** One subscription a backend and part of its tasks: a backend that fails ends its own ones only. */
function follow(rows) {
  const wanted = new Map();
  const numbers = new Map();
  for (const { task } of rows) {
    const { name } = task.backend;
    const number = numbers.get(name) ?? 0;
    numbers.set(name, number + 1);
    const key = `${Math.floor(number / WATCHED_AT_ONCE)} ${name}`;
    if (!wanted.has(key)) wanted.set(key, []);
    wanted.get(key).push(task.id);
  }
  for (const [key, ids] of wanted) {
    const held = watches.get(key);
    if (held?.ids === ids.join()) continue;
    const next = ({ data }) => data?.taskUpdated && learn({ ...data.taskUpdated, unknown: false });
    const failed = () => ids.forEach((id) => learn({ id, unknown: true }));
    const stop = subscribe(WATCH_TASKS, { ids }, { next, failed });
    held?.stop();
    watches.set(key, { ids: ids.join(), stop });
  }
  for (const [key, { stop }] of watches) {
    if (wanted.has(key)) continue;
    stop();
    watches.delete(key);
  }
}

/** How those ended: asked once for each, for it costs some vendors a call a task. */
async function askOfEnded(rows) {
  const now = rows.slice(0, ASKED_AT_ONCE);
  if (now.length === 0) return;
  for (const row of now) row.asked = true;
  try {
    const { data, errors } = await ask(TASKS_IN_SIGHT, { ids: now.map(({ task }) => task.id) });
    const broken = new Set(errors.map((error) => error.path?.[1]));
    data.nodes.forEach((found, place) => {
      learn(found && !broken.has(place) ? found : { id: now[place].task.id, unknown: true });
    });
  } catch {
    // The list itself tells when the gateway is gone; what was not answered may be asked again.
    for (const row of now) row.asked = false;
    return;
  }
  settle();
}
