// What statuses are called, and which of a few tones they have. Words that are not known here are shown as they came.

const ACRONYMS = { AWS: "AWS", IOT: "IoT", IOTDA: "IoTDA", OTA: "OTA" };

/** "AWS_IOT" as "AWS IoT", "IN_PROGRESS" as "In progress". */
export function phrase(name) {
  const words = name.split("_").map((word) => ACRONYMS[word] ?? word.toLowerCase());
  const text = words.join(" ");
  return text[0].toUpperCase() + text.slice(1);
}

/** "IN_PROGRESS" as "in progress", within a sentence. */
export const inside = (name) => name.split("_").join(" ").toLowerCase();

const TONES = {
  ok: ["SUCCEEDED", "ALREADY_UP_TO_DATE", "COMPLETED", "UP", "DONE", "ALREADY_DONE", "ALREADY_DELETED"],
  run: ["IN_PROGRESS", "REQUESTED"],
  warn: [
    "AWAITING_APPROVAL",
    "AWAITING_CONFIRMATION",
    "PAUSED",
    "RETRY_WAIT",
    "CANCELING",
    "DELETING",
    "DEGRADED",
    "UNKNOWN",
  ],
  wait: ["PREPARING", "READY", "SCHEDULED", "PENDING", "QUEUED", "NOTIFIED", "PREVIEWED"],
  bad: ["FAILED", "TIMED_OUT", "REJECTED", "DOWN", "REFUSED"],
  off: ["CANCELED", "SUPERSEDED", "DELETED", "NOT_APPLICABLE", "REMOVED"],
};
const TONE_OF = Object.fromEntries(Object.entries(TONES).flatMap(([tone, names]) => names.map((name) => [name, tone])));

/** The tone of any status: ok, run, warn, wait, bad, off. */
export const tone = (status) => TONE_OF[status] ?? "warn";

/** The tone of a task: one that completed with failures is not well. */
export function taskTone(task) {
  if (task.outcome === "FAILED") return "bad";
  if (task.outcome === "PARTIALLY_SUCCEEDED" || task.outcome === "UNDETERMINED") return "warn";
  return tone(task.status);
}

export const TASK_STATUSES = [
  "PREPARING",
  "AWAITING_APPROVAL",
  "READY",
  "SCHEDULED",
  "PENDING",
  "IN_PROGRESS",
  "PAUSED",
  "CANCELING",
  "COMPLETED",
  "CANCELED",
  "FAILED",
  "REJECTED",
  "SUPERSEDED",
  "DELETING",
  "DELETED",
  "UNKNOWN",
];
const ENDED_TASK = new Set(["COMPLETED", "CANCELED", "FAILED", "REJECTED", "SUPERSEDED", "DELETED"]);
const ENDED_DEVICE = new Set([
  "SUCCEEDED",
  "ALREADY_UP_TO_DATE",
  "FAILED",
  "TIMED_OUT",
  "REJECTED",
  "NOT_APPLICABLE",
  "CANCELED",
  "REMOVED",
]);
const FAILED_DEVICE = new Set(["FAILED", "TIMED_OUT", "REJECTED"]);

export const ACTIVE_STATUSES = TASK_STATUSES.filter((status) => !ENDED_TASK.has(status));
export const ENDED_STATUSES = [...ENDED_TASK];
export const taskEnded = (task) => ENDED_TASK.has(task.status);
export const deviceEnded = (status) => ENDED_DEVICE.has(status);
export const deviceFailed = (status) => FAILED_DEVICE.has(status);

/** "1 task", "2 tasks". */
export const many = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** Texts as a sentence's list: "a, b and c". */
export const listed = (texts) => new Intl.ListFormat("en").format(texts);
