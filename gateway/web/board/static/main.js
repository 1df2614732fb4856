// The board: what is read when, and who hears of it.

import * as address from "./address.js";
import { ApiFailure, ask } from "./api.js";
import { failing, showBackends, unasked } from "./backends.js";
import { ageAll, byId, say, set } from "./dom.js";
import { fromAddress, startFilters } from "./filters.js";
import * as live from "./live.js";
import { notice, over } from "./notices.js";
import { BACKENDS } from "./operations.js";
import { askWho, startSignIn } from "./signin.js";
import { closeTask, showTask } from "./task.js";
import * as tasks from "./tasks.js";

const LIST_EVERY = 30_000;
const HEALTH_EVERY = 10_000;
const RETRY = { first: 3000, longest: 30_000 };

let signedOut = false;
let failures = 0;
let timer = null;
let readAt = null;
let shown = null;

// ---------------------------------------------------------------- reading

async function read({ anew = false } = {}) {
  clearTimeout(timer);
  if (signedOut || document.hidden) return;
  try {
    await tasks.load({ anew });
    failures = 0;
    readAt = new Date();
    over("gateway");
    if (byId("liveness").dataset.state === "none") say(byId("liveness-text"), LIVENESS.off);
    timer = setTimeout(read, LIST_EVERY);
    // Health was told beside the list, and not after it.
    if (unasked()) readHealth();
  } catch (failure) {
    failed(failure);
  }
  // What stands below the backends shows when it is known how many there are, and does not jump.
  byId("board").classList.remove("unread");
}

async function readHealth() {
  if (document.hidden || signedOut || failures > 0) return;
  try {
    const { data } = await ask(BACKENDS);
    showBackends(data.backends);
    showTitle();
  } catch (failure) {
    failed(failure);
  }
}

/** What to do when asking itself failed: sign in, or say so and try again, later and later. */
function failed(failure) {
  if (!(failure instanceof ApiFailure)) throw failure;
  if (failure.kind === "signin") {
    signOut(failure.message);
    return;
  }
  const wait = failure.seconds === null ? Math.min(RETRY.longest, RETRY.first * 2 ** failures) : failure.seconds * 1000;
  failures += 1;
  const again = failure.kind === "refused" ? "" : " It is tried again by itself.";
  const asOf = readAt === null ? "" : ` What is shown is as of ${readAt.toLocaleTimeString()}.`;
  notice("gateway", `${failure.message}${asOf}${again}`, { text: "Try now", run: () => read() });
  clearTimeout(timer);
  timer = setTimeout(read, wait);
}

// ---------------------------------------------------------------- who asks

function signOut(message) {
  signedOut = true;
  clearTimeout(timer);
  live.pause();
  byId("cancel").close();
  showOpenTask();
  // Who signs in next may be somebody else.
  tasks.forget();
  showBackends([], []);
  askWho(message);
  document.title = "Sign in · OTA Gateway";
}

startSignIn({
  signedIn: () => {
    signedOut = false;
    live.resume();
    read({ anew: true }).then(showOpenTask);
  },
  // What was shown to one must not stay for the next: a new page holds nothing.
  forgotten: () => location.reload(),
});

// ---------------------------------------------------------------- the open task

function showOpenTask() {
  const id = signedOut ? null : address.openTask();
  // Going back tells of itself twice.
  if (id === shown) return;
  shown = id;
  tasks.mark(id);
  if (id === null) closeTask();
  else showTask(id, { left: leaveTask, changed: tasks.learn, failed: failedOfTask });
}

// What is refused is about this task, and stands in its place.
const failedOfTask = (failure) => failure.kind !== "refused" && failed(failure);

function leaveTask() {
  const id = address.openTask();
  address.closeTask();
  showOpenTask();
  (tasks.linkTo(id) ?? byId("tasks-heading")).focus();
}

window.addEventListener("hashchange", showOpenTask);
window.addEventListener("popstate", () => {
  fromAddress();
  showOpenTask();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !byId("cancel").open && address.openTask() !== null) leaveTask();
});

// ---------------------------------------------------------------- what the page says of itself

function showTitle() {
  const { running, more } = tasks.summary();
  const words = [];
  const ill = failing().length;
  if (ill > 0) words.push(`${ill} failing`);
  if (running > 0) words.push(`${running}${more ? "+" : ""} running`);
  document.title = [...words, "OTA Gateway"].join(" · ");
}

tasks.onChange(showTitle);

const LIVENESS = {
  off: "Idle",
  connecting: "Connecting",
  live: "Live",
  lost: "Reconnecting",
  paused: "Paused",
  refused: "Signed out",
};

live.onState((state) => {
  set(byId("liveness"), "data-state", state);
  say(byId("liveness-text"), LIVENESS[signedOut ? "refused" : state]);
  // Whether that is so, and in what words, is for an answer over HTTP to say.
  if (state === "refused") read();
});

// ---------------------------------------------------------------- light or dark

const THEMES = ["auto", "light", "dark"];
const chosenTheme = () => document.documentElement.dataset.theme ?? "auto";
say(byId("theme-name"), chosenTheme());
byId("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(chosenTheme()) + 1) % THEMES.length];
  if (next === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  say(byId("theme-name"), next);
  try {
    localStorage.setItem("ota-board-theme", next);
  } catch {
    // It lasts as long as the page.
  }
});

// ---------------------------------------------------------------- start

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("tasks-heading").focus();
});
let reading = false;
byId("tasks-more").addEventListener("click", async () => {
  if (reading) return;
  reading = true;
  await tasks.more().catch(failed);
  reading = false;
});
startFilters((asks) => (asks ? read({ anew: true }) : tasks.regroup()));
document.addEventListener("visibilitychange", () => {
  if (signedOut) return;
  if (document.hidden) {
    clearTimeout(timer);
    live.pause();
  } else {
    live.resume();
    read();
  }
});
setInterval(readHealth, HEALTH_EVERY);
setInterval(ageAll, 30_000);
read({ anew: true });
showOpenTask();
