// Cancelling: first a dry run, shown in words, and only then the change. Nothing else on the page changes anything.
//
// One dialog is one decision. It has one idempotency key, so that neither a second click nor asking again after a lost
// answer cancels twice; what was decided is not changed any more once it was sent.

import { ask } from "./api.js";
import { announce, byId, el } from "./dom.js";
import { notice } from "./notices.js";
import { CANCEL_DEVICES, CANCEL_TASK } from "./operations.js";
import { auditLine, errorList, outcomeLine } from "./outcome.js";
import { inside, many } from "./words.js";

const dialog = byId("cancel");
let current = null;

// Escape and the browser's own ways close it too, but not while the answer is awaited.
dialog.addEventListener("cancel", (event) => current?.sending && event.preventDefault());
dialog.addEventListener("close", () => {
  const opener = current?.opener;
  current = null;
  dialog.replaceChildren();
  (opener?.isConnected ? opener : byId("task-heading"))?.focus();
});

/**
 * Ask about cancelling a task, or with `executions` some of its devices. `changed` is told {task, executions} as they
 * were read back.
 */
export function openCancel({ task, executions = null, changed, opener = document.activeElement }) {
  current = { task, executions, changed, opener, force: false, key: newKey(), sending: false, reason: "" };
  const what =
    executions === null
      ? `task ${task.name}`
      : executions.length === 1
        ? executions[0].device.name
        : many(executions.length, "device");
  dialog.replaceChildren(
    el("h2", { id: "cancel-heading" }, `Cancel ${what}?`),
    el(
      "p",
      { class: "muted" },
      executions === null ? `On ${task.backend.name}.` : `Their part in ${task.name} on ${task.backend.name}.`,
    ),
    el("div", { id: "cancel-body", "aria-live": "polite" }),
    el("div", { id: "cancel-actions", class: "actions" }),
  );
  dialog.showModal();
  preview(current);
}

// randomUUID is missing where a page is served without TLS.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `board-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** The payload of the mutation; `dryRun` or for real. */
async function send(decision, dryRun) {
  const { task, executions, force } = decision;
  const about =
    executions === null
      ? { id: task.id, expectedFingerprint: task.fingerprint }
      : { executionIds: executions.map((one) => one.id) };
  const real = dryRun ? {} : { idempotencyKey: decision.key, ...(decision.reason && { reason: decision.reason }) };
  const query = executions === null ? CANCEL_TASK : CANCEL_DEVICES;
  const { data } = await ask(query, { input: { ...about, force, dryRun, ...real } }, { change: true });
  return data.cancelOtaTask ?? data.cancelDeviceUpgrade;
}

async function preview(decision) {
  fill([el("p", {}, "Asking what would happen. Nothing is changed by that.")], [closer("Leave it")]);
  let payload;
  try {
    payload = await send(decision, true);
  } catch (failure) {
    if (decision !== current) return;
    const again = button("Ask again", "", () => preview(decision));
    fill(
      [el("p", { class: "problem" }, failure.message), el("p", {}, "Nothing was changed.")],
      [again, closer("Close")],
    );
    return;
  }
  if (decision !== current) return;
  showPreview(decision, payload);
}

function showPreview(decision, payload) {
  const { executions, task } = decision;
  const names = namesOf(decision);
  const affected = payload.preview?.affected ?? [];
  const refusals = [...payload.errors, ...(payload.preview?.wouldRefuse ?? [])];
  const parts = [];
  if (affected.length > 0) {
    const all = affected.map((id) => names.get(id) ?? id);
    parts.push(
      el(
        "p",
        {},
        executions === null ? "This task would be cancelled: " : "The vendor would be asked to cancel: ",
        el("strong", {}, some(all)),
      ),
    );
  } else {
    parts.push(el("p", {}, "Nothing would be cancelled."));
  }
  for (const effect of payload.preview?.sideEffects ?? []) parts.push(el("p", { class: "effect" }, effect));
  if (executions === null && affected.length > 0) parts.push(...remaining(task));
  if (refusals.length > 0) {
    parts.push(el("h3", {}, affected.length > 0 ? "Would be refused" : "Why not"), errorList(refusals, names));
  }
  const forceable = decision.force || refusals.some((error) => error.needsForce);
  if (forceable) parts.push(forceChoice(decision));
  parts.push(auditLine(payload.auditEntryId, " of this dry run"));
  if (affected.length === 0) {
    fill(parts, [closer("Close")]);
    return;
  }
  const reason = el("textarea", { id: "cancel-reason", rows: 2, maxlength: 1000 });
  reason.value = decision.reason;
  reason.addEventListener("input", () => (decision.reason = reason.value.trim()));
  parts.push(el("label", { for: "cancel-reason" }, "Why (kept in the audit)"), reason);
  const words = executions === null ? "Yes, cancel the task" : `Yes, cancel ${many(affected.length, "device")}`;
  const yes = button(words, "danger", () => commit(decision));
  yes.id = "cancel-yes";
  fill(parts, [closer("Leave it"), yes]);
  reason.focus();
}

/** What of the task would still stand where, as it was seen last. */
function remaining(task) {
  const there = task.executionCounts?.byStatus.filter(({ count }) => count > 0) ?? [];
  if (there.length === 0) return [];
  return [
    el(
      "p",
      { class: "muted" },
      `Its devices, as seen last: ${there.map(({ status, count }) => `${count} ${inside(status)}`).join(", ")}.`,
    ),
  ];
}

function forceChoice(decision) {
  const box = el("input", { type: "checkbox", id: "cancel-force" });
  box.checked = decision.force;
  box.addEventListener("change", () => {
    decision.force = box.checked;
    preview(decision);
  });
  return el(
    "div",
    { class: "force" },
    el("label", {}, box, " Use force"),
    el(
      "p",
      { class: "hint" },
      "Force is the vendor's own. It is sent for everything named here, also for what would not need it.",
    ),
  );
}

async function commit(decision) {
  if (decision.sending) return;
  decision.sending = true;
  fill([el("p", {}, "Sent. Waiting for the vendor, and reading back…")], []);
  let payload;
  try {
    payload = await send(decision, false);
  } catch (failure) {
    decision.sending = false;
    unanswered(decision, failure);
    return;
  }
  decision.sending = false;
  settled(decision, payload);
}

/** No answer: whether it happened is not known, but asking again under the same key is safe. */
function unanswered(decision, failure) {
  const unsure = failure.kind === "unreachable" || failure.kind === "broken";
  const words = unsure
    ? "It may have happened or not. Asking again is safe: it goes under the same key, and cannot cancel twice."
    : "The gateway did not take it. Nothing was sent to the vendor.";
  announce(failure.message);
  if (decision !== current) {
    notice(
      "cancel",
      `Cancelling ${decision.task.name}: ${failure.message} ${unsure ? "It may have happened or not." : ""}`,
    );
    return;
  }
  fill(
    [el("p", { class: "problem" }, failure.message), el("p", {}, words)],
    [closer("Close"), button("Ask again", "primary", () => commit(decision))],
  );
}

function settled(decision, payload) {
  const { executions, task } = decision;
  const names = namesOf(decision);
  const parts = [];
  if (executions === null) {
    parts.push(outcomeLine(payload.outcome));
    if (payload.task)
      parts.push(
        el(
          "p",
          {},
          `The task is now ${inside(payload.task.status)} (`,
          el("code", {}, payload.task.vendorStatus),
          ").",
        ),
      );
  } else {
    parts.push(el("p", {}, inWords(payload.summary)));
    parts.push(
      el(
        "ul",
        { class: "results" },
        ...payload.results.map((one) =>
          el(
            "li",
            {},
            outcomeLine(one.outcome, one.deviceName ?? one.target),
            one.error ? errorList([one.error]) : null,
          ),
        ),
      ),
    );
  }
  if (payload.errors.length > 0) parts.push(errorList(payload.errors, names));
  parts.push(auditLine(payload.auditEntryId));
  const read = payload.results?.map((one) => one.execution).filter(Boolean) ?? [];
  const readBack = () =>
    decision.changed({ task: payload.task ? { ...task, ...payload.task } : null, executions: read });
  const unsure = payload.outcome === "UNKNOWN" || payload.results?.some((one) => one.outcome === "UNKNOWN");
  const busy = payload.errors.some((error) => error.code === "IDEMPOTENCY_CONFLICT" && error.retryable);
  const actions = [closer("Close")];
  if (unsure) actions.push(button("Read back again", "", readBack));
  if (busy) actions.push(button("Ask again", "primary", () => commit(decision)));
  if (decision === current) {
    fill(parts, actions);
    dialog.querySelector("#cancel-actions button").focus();
  }
  announce(payload.outcome ? `Cancelling ${task.name}: ${inside(payload.outcome)}.` : inWords(payload.summary));
  // It is read back in any case: what is shown behind the dialog is what the vendor says now.
  readBack();
}

function inWords({ requested, done, refused, failed, unknown }) {
  const words = [`${done} of ${requested} done`];
  if (refused) words.push(`${refused} refused`);
  if (failed) words.push(`${failed} failed`);
  if (unknown) words.push(`${unknown} not known or not seen yet`);
  return `${words.join(", ")}.`;
}

function namesOf({ task, executions }) {
  return new Map([[task.id, task.name], ...(executions ?? []).map((one) => [one.id, one.device.name])]);
}

const some = (names) =>
  names.length <= 12 ? names.join(", ") : `${names.slice(0, 10).join(", ")} and ${names.length - 10} more`;

function fill(parts, actions) {
  byId("cancel-body").replaceChildren(...parts);
  byId("cancel-actions").replaceChildren(...actions);
  if (!dialog.contains(document.activeElement)) (actions[0] ?? dialog).focus();
}

const button = (words, kind, run) => el("button", { type: "button", class: kind, on: { click: run } }, words);
const closer = (words) => button(words, "quiet", () => dialog.close());
