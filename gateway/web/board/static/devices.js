// The devices of one task: pages of them, live as long as the task runs, and which of them are chosen.

import { ask } from "./api.js";
import { bar, showBar } from "./bars.js";
import { announce, el, say, set, setWhen, when } from "./dom.js";
import { subscribe } from "./live.js";
import { FAILURES, MORE_DEVICES, WATCH_DEVICES } from "./operations.js";
import { deviceEnded, deviceFailed, inside, many, phrase, taskEnded, tone } from "./words.js";

export const PAGE = 50;
// A watched task sends all its devices first; beyond this many, only what is asked for is read.
const FOLLOWED = 1000;
const MOVING = new Set(["IN_PROGRESS", "PAUSED", "RETRY_WAIT", "CANCELING", "UNKNOWN"]);

/**
 * The devices of a task. `cancel` is called with the executions to cancel.
 *
 * Gives {node, show, follow, learn, size, stop}.
 */
export function devicesOf(taskId, cancel) {
  const rows = new Map();
  const chosen = new Set();
  let next = null;
  let stop = null;
  let reading = false;

  const search = el("input", {
    type: "search",
    id: "device-name",
    name: "device",
    autocomplete: "off",
    on: { input: sift },
  });
  const all = el("input", {
    type: "checkbox",
    "aria-label": "Choose all shown that can be cancelled",
    on: { change: chooseAll },
  });
  const cancelChosen = el("button", {
    type: "button",
    class: "danger",
    on: { click: () => cancel(executionsChosen()) },
  });
  const body = el("tbody", { role: "rowgroup" });
  const told = el("p", { class: "muted" });
  const problem = el("p", { class: "problem", hidden: true });
  const more = el(
    "button",
    { type: "button", class: "wide", hidden: true, on: { click: readMore } },
    "Show more devices",
  );
  const column = (name) => el("th", { role: "columnheader", scope: "col" }, name);
  const node = el(
    "section",
    { class: "devices", "aria-labelledby": "devices-heading" },
    el("div", { class: "heading-line" }, el("h3", { id: "devices-heading" }, "Devices"), told),
    el(
      "div",
      { class: "filters" },
      el("div", { class: "field" }, el("label", { for: "device-name" }, "Name"), search),
      cancelChosen,
    ),
    problem,
    el(
      "table",
      { class: "rows devices-table", role: "table", "aria-labelledby": "devices-heading" },
      el(
        "thead",
        { role: "rowgroup" },
        el("tr", { role: "row" }, ...[all, "Device", "Status", "Progress", "Changed", "Cancel"].map(column)),
      ),
      body,
    ),
    more,
  );
  count();

  /** Show a page, the first or the next; its backends tell whether it could be read. */
  function show(page, { behind = false } = {}) {
    const part = page.backends[0];
    const bad = part !== undefined && part.status !== "OK";
    problem.hidden = !bad;
    if (bad) {
      const words = {
        STALE: "Old: the devices as they were read last.",
        FAILED: "The devices could not be asked for.",
      };
      say(problem, `${words[part.status] ?? "The devices cannot be listed."} ${part.error?.message ?? ""}`);
    }
    if (bad && part.status !== "STALE") return;
    if (!behind) {
      const there = new Set(page.nodes.map((one) => one.id));
      for (const [id, row] of rows) if (!there.has(id)) remove(id, row);
    }
    page.nodes.forEach(put);
    next = page.pageInfo;
    more.hidden = !next.hasNextPage;
    sift();
    explainFailures();
  }

  /** Follow the devices live, unless there are too many or nothing moves any more. */
  function follow(task) {
    const wanted = !taskEnded(task) && (task.executionCounts?.total ?? 0) <= FOLLOWED;
    if (wanted && stop === null) {
      stop = subscribe(
        WATCH_DEVICES,
        { id: taskId },
        { next: ({ data }) => data?.executionUpdated && learn(data.executionUpdated) },
      );
    } else if (!wanted && stop !== null) {
      stop();
      stop = null;
    }
  }

  /** Take in what is new of an execution. One behind the pages that were read is left to them. */
  function learn(execution) {
    const before = rows.get(execution.id)?.execution;
    if (before === undefined && next?.hasNextPage !== false) return;
    put(execution);
    if (before !== undefined && before.status !== execution.status) {
      announce(`${execution.device.name}: ${inside(execution.status)}.`);
      if (deviceFailed(execution.status)) explainFailures();
    }
    sift();
  }

  function put(execution) {
    let row = rows.get(execution.id);
    if (row === undefined) {
      row = newRow(execution);
      rows.set(execution.id, row);
      body.append(row.node);
    } else {
      row.execution = { ...row.execution, ...execution };
    }
    paint(row);
  }

  function remove(id, row) {
    row.node.remove();
    rows.delete(id);
    chosen.delete(id);
  }

  function newRow(execution) {
    const { name, productKey } = execution.device;
    const row = {
      execution,
      choice: el("input", {
        type: "checkbox",
        "aria-label": `Choose ${name}`,
        on: { change: (event) => choose(execution.id, event.target.checked) },
      }),
      badge: el("span", { class: "badge" }),
      vendor: el("code", { class: "vendor-status", title: "as the vendor has it" }),
      detail: el("span", { class: "muted outcome" }),
      bar: bar(`Progress of ${name}`),
      changed: when(null),
      cancel: el("button", { type: "button", class: "small", "aria-label": `Cancel ${name}…` }, "Cancel…"),
    };
    row.why = el("span", { class: "unseen", id: `why-${execution.id}` });
    row.cancel.addEventListener("click", () => {
      if (row.cancel.getAttribute("aria-disabled") !== "true") cancel([row.execution]);
      else row.why.classList.replace("unseen", "outcome");
    });
    row.attempt = el("span", { class: "muted" });
    row.node = el(
      "tr",
      { role: "row", "data-id": execution.id },
      el("td", { role: "cell", class: "choice" }, row.choice),
      el(
        "th",
        { role: "rowheader", scope: "row" },
        name,
        el("span", { class: "native muted" }, productKey ?? ""),
        row.attempt,
      ),
      el("td", { role: "cell", class: "status" }, row.badge, " ", row.vendor, row.detail, row.why),
      el("td", { role: "cell", class: "progress" }, row.bar.node),
      el("td", { role: "cell", class: "created" }, row.changed),
      el("td", { role: "cell", class: "act" }, row.cancel),
    );
    return row;
  }

  function paint(row) {
    const { execution } = row;
    set(row.badge, "class", `badge ${tone(execution.status)}`);
    say(row.badge, phrase(execution.status));
    say(row.vendor, execution.vendorStatus);
    say(row.detail, detailOf(execution));
    say(row.attempt, execution.attempt > 1 ? `attempt ${execution.attempt}` : "");
    // Of who waits or has ended the status says it all.
    row.bar.node.hidden = !MOVING.has(execution.status);
    showBar(row.bar, { executionCounts: null, progress: execution.progress });
    setWhen(row.changed, execution.endedAt ?? execution.updatedAt ?? execution.startedAt ?? execution.queuedAt);
    set(row.changed, "title", timesOf(execution));
    const may = affordance(execution);
    set(row.cancel, "aria-disabled", may.allowed ? null : "true");
    set(row.cancel, "title", may.reason);
    say(row.why, may.allowed ? "" : (may.reason ?? "It cannot be cancelled."));
    set(row.cancel, "aria-describedby", may.allowed ? null : row.why.id);
    row.choice.disabled = !may.allowed;
    if (!may.allowed && chosen.delete(execution.id)) row.choice.checked = false;
  }

  function choose(id, yes) {
    if (yes) chosen.add(id);
    else chosen.delete(id);
    count();
  }

  function chooseAll() {
    for (const [id, row] of rows) {
      if (row.node.hidden || row.choice.disabled) continue;
      row.choice.checked = all.checked;
      if (all.checked) chosen.add(id);
      else chosen.delete(id);
    }
    count();
  }

  const executionsChosen = () => [...chosen].map((id) => rows.get(id).execution);

  function sift() {
    const text = search.value.trim().toLowerCase();
    for (const row of rows.values()) row.node.hidden = !row.execution.device.name.toLowerCase().includes(text);
    count();
  }

  function count() {
    const shown = [...rows.values()].filter((row) => !row.node.hidden).length;
    const among = shown === rows.size ? many(rows.size, "device") : `${shown} of ${many(rows.size, "device")}`;
    say(told, `${among} read${next?.hasNextPage ? "; there are more" : ""}`);
    say(cancelChosen, chosen.size === 0 ? "Cancel chosen…" : `Cancel ${many(chosen.size, "device")}…`);
    cancelChosen.disabled = chosen.size === 0;
    const choosable = [...rows.values()].filter((row) => !row.node.hidden && !row.choice.disabled);
    all.disabled = choosable.length === 0;
    all.checked = choosable.length > 0 && choosable.every((row) => row.choice.checked);
    all.indeterminate = !all.checked && chosen.size > 0;
  }

  async function readMore() {
    if (reading) return;
    reading = true;
    try {
      const { data } = await ask(MORE_DEVICES, { id: taskId, first: PAGE, after: next.endCursor });
      show(data.executions, { behind: true });
    } catch (failure) {
      problem.hidden = false;
      say(problem, failure.message);
    } finally {
      reading = false;
    }
  }

  /** Why devices failed: asked once for each, as some vendors take a call to tell. */
  async function explainFailures() {
    const ids = [];
    for (const [id, row] of rows) {
      if (!deviceFailed(row.execution.status) || row.explained === row.execution.status) continue;
      row.explained = row.execution.status;
      ids.push(id);
    }
    for (let start = 0; start < ids.length; start += 25) {
      try {
        const { data } = await ask(FAILURES, { ids: ids.slice(start, start + 25) });
        for (const found of data.nodes) if (found && rows.has(found.id)) put(found);
      } catch {
        return;
      }
    }
  }

  return { node, show, follow, learn, size: () => rows.size, stop: () => stop?.() };
}

/** Whether a device's upgrade may be cancelled. */
const affordance = (execution) =>
  execution.allowedOperations.find((one) => one.operation === "CANCEL_EXECUTION") ?? { allowed: false, reason: null };

function detailOf({ status, phase, failure }) {
  if (failure && deviceFailed(status)) {
    const words = [
      failure.reason === "UNKNOWN" ? null : inside(failure.reason),
      failure.vendorCode,
      failure.vendorMessage,
    ];
    return words.filter(Boolean).join(": ");
  }
  return phase && !deviceEnded(status) ? inside(phase) : "";
}

function timesOf({ queuedAt, startedAt, endedAt, updatedAt }) {
  const times = { queued: queuedAt, started: startedAt, ended: endedAt, updated: updatedAt };
  const told = Object.entries(times).filter(([, moment]) => moment !== null);
  return told.map(([what, moment]) => `${what} ${new Date(moment).toLocaleString()}`).join("\n");
}
