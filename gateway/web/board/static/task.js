// One task, beside the list or in its place: its facts, its devices, and the way to cancel.

import { ask } from "./api.js";
import { bar, legend, showBar } from "./bars.js";
import { openCancel } from "./cancel.js";
import { PAGE, devicesOf } from "./devices.js";
import { byId, el, say, set, when } from "./dom.js";
import { subscribe } from "./live.js";
import { TASK, WATCH_TASK } from "./operations.js";
import { inside, phrase, taskEnded, taskTone } from "./words.js";

// The most rows that one answer may have.
const MOST = 1000;

const panel = byId("task");
let open = null;

/** Show a task, in place of the one before. `left` closes the panel, `changed` is told of every newer state. */
export async function showTask(id, { left, changed, failed }) {
  closeTask();
  const mine = { id, task: null, stops: [], devices: null };
  open = mine;
  panel.hidden = false;
  document.body.classList.add("with-task");
  const heading = el("h2", { id: "task-heading", tabindex: "-1" }, "A task");
  const body = el("div", { class: "task-body" }, el("p", { class: "muted" }, "Being asked for…"));
  panel.replaceChildren(
    el(
      "div",
      { class: "task-head" },
      heading,
      el("button", { type: "button", class: "quiet", id: "task-close", on: { click: left } }, "Close"),
    ),
    body,
  );
  heading.focus();
  let answer;
  try {
    answer = await ask(TASK, { id, first: PAGE });
  } catch (failure) {
    if (open !== mine) return;
    failed(failure);
    const again = el(
      "button",
      { type: "button", on: { click: () => showTask(id, { left, changed, failed }) } },
      "Ask again",
    );
    body.replaceChildren(el("p", { class: "problem" }, failure.message), el("div", { class: "actions" }, again));
    return;
  }
  if (open !== mine) return;
  const { data, errors } = answer;
  const broken = errors.find((error) => error.path?.[0] === "task" && error.path.length === 1);
  if (data.task === null) {
    body.replaceChildren(
      el("p", { class: "problem" }, broken?.message ?? "There is no such task, or none that you may see."),
    );
    return;
  }
  mine.unasked = Object.fromEntries(
    errors.filter((error) => error.path?.[0] === "task").map((error) => [error.path[1], error.message]),
  );
  mine.devices = devicesOf(id, (executions) => openCancel({ task: mine.task, executions, changed: cancelled }));
  mine.parts = parts(mine, (button) => openCancel({ task: mine.task, opener: button, changed: cancelled }));
  body.replaceChildren(...mine.parts.nodes, mine.devices.node);
  learnTask(mine, data.task, changed);
  mine.devices.show(data.executions);
  if (!taskEnded(data.task)) {
    const next = ({ data: event }) => event?.taskUpdated && learnTask(mine, event.taskUpdated, changed);
    mine.stops.push(subscribe(WATCH_TASK, { id }, { next }));
  }

  function cancelled({ task, executions }) {
    if (task) learnTask(mine, task, changed);
    for (const execution of executions) mine.devices.learn(execution);
    if (open === mine) refresh(mine, changed).catch(failed);
  }
}

/** Take the panel away. */
export function closeTask() {
  if (open === null) return;
  for (const stop of open.stops) stop();
  open.devices?.stop();
  open = null;
  panel.hidden = true;
  panel.replaceChildren();
  document.body.classList.remove("with-task");
}

/** Read the open task again, past the cache: for what was just changed. */
async function refresh(mine, changed) {
  const first = Math.min(Math.max(mine.devices.size(), PAGE), MOST);
  const { data } = await ask(TASK, { id: mine.id, first }, { fresh: true });
  if (open !== mine || data.task === null) return;
  learnTask(mine, data.task, changed);
  mine.devices.show(data.executions);
}

function learnTask(mine, task, changed) {
  const ends = mine.task !== null && !taskEnded(mine.task) && taskEnded(task);
  mine.task = { ...mine.task, ...task };
  if (open === mine) {
    paint(mine);
    mine.devices.follow(mine.task);
    // What its last devices came to may not have been told yet.
    if (ends) refresh(mine, changed).catch(() => {});
  }
  changed(task);
}

function parts(mine, cancel) {
  const cancelButton = el("button", { type: "button", class: "danger", id: "cancel-task" }, "Cancel this task…");
  cancelButton.addEventListener(
    "click",
    () => cancelButton.getAttribute("aria-disabled") !== "true" && cancel(cancelButton),
  );
  const made = {
    badge: el("span", { class: "badge" }),
    vendor: el("code", { class: "vendor-status", title: "as the vendor has it" }),
    outcome: el("span", {}),
    description: el("p", { class: "description" }),
    bar: bar("Progress of the task"),
    legend: el("div"),
    facts: el("dl", { class: "facts" }),
    cancelButton,
    why: el("p", { class: "muted why", id: "cancel-why" }),
  };
  made.nodes = [
    el("p", { class: "status" }, made.badge, " ", made.vendor, " ", made.outcome),
    made.description,
    made.bar.node,
    made.legend,
    el("div", { class: "actions" }, cancelButton, made.why),
    made.facts,
  ];
  return made;
}

function paint({ task, parts: shown, unasked }) {
  say(byId("task-heading"), task.name);
  set(shown.badge, "class", `badge ${taskTone(task)}`);
  say(shown.badge, phrase(task.status));
  say(shown.vendor, task.vendorStatus);
  const derived = task.outcomeSource === "DERIVED" ? " (worked out from its devices)" : "";
  say(shown.outcome, task.outcome && task.outcome !== task.status ? `${inside(task.outcome)}${derived}` : "");
  say(shown.description, task.description ?? "");
  shown.description.hidden = !task.description;
  const counts = task.executionCounts;
  showBar(shown.bar, unasked.executionCounts ? { unknown: true } : task);
  shown.legend.replaceChildren(legend(counts));
  const may = task.allowedOperations.find((one) => one.operation === "CANCEL_TASK");
  set(shown.cancelButton, "aria-disabled", may?.allowed ? null : "true");
  set(shown.cancelButton, "aria-describedby", shown.why.id);
  say(shown.why, may?.reason ?? (may?.allowed ? "Shows first what would happen." : "It cannot be cancelled."));
  shown.facts.replaceChildren(...facts(task, unasked));
}

function facts(task, unasked) {
  const pack = task.package ? [task.package.name, task.package.version].filter(Boolean).join(" ") : null;
  const told = [
    ["Backend", task.backend.name],
    ["Vendor", phrase(task.backend.vendor)],
    ["Id at the vendor", el("code", {}, task.nativeId)],
    ["Package", unasked.package ? `not known: ${unasked.package}` : pack],
    ["Created", task.createdAt && when(task.createdAt)],
    ["Started", task.startedAt && when(task.startedAt)],
    ["Ended", task.endedAt && when(task.endedAt)],
    ["Changed", task.updatedAt && when(task.updatedAt)],
    // One that is followed is looked at all the time.
    ["Seen", taskEnded(task) && when(task.observedAt)],
  ];
  return told
    .filter(([, value]) => value)
    .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
}
