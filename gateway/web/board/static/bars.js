// A bar for how far something is: counts by status side by side, or a percentage, or plainly "not known".

import { el, say, set } from "./dom.js";
import { deviceEnded, inside, listed, many, tone } from "./words.js";

const ORDER = ["ok", "run", "warn", "wait", "bad", "off", "rest"];

/** An empty bar with its text; `label` names what it is of. */
export function bar(label) {
  const segments = Object.fromEntries(ORDER.map((name) => [name, el("span", { class: `seg ${name}` })]));
  const track = el("div", { class: "track", role: "progressbar", "aria-label": label }, ...Object.values(segments));
  const text = el("span", { class: "bar-text", "aria-hidden": "true" });
  return { node: el("div", { class: "bar" }, track, text), track, text, segments };
}

/** Show where devices stand. `task` has executionCounts and progress; without them nothing is made up. */
export function showBar(shown, task) {
  if (task.executionCounts === undefined) {
    return task.unknown
      ? unknown(shown, "unknown", "could not be asked", "not known")
      : unknown(shown, "asking", "being asked", "…");
  }
  const counts = task.executionCounts;
  if (counts === null || (counts.total === null && counts.byStatus.length === 0)) {
    if (task.progress) return percent(shown, task.progress.percent);
    return unknown(shown, "unknown", "the vendor does not say", "progress not told");
  }
  return stacked(shown, counts);
}

function stacked(shown, counts) {
  const there = inOrder(counts);
  const sum = there.reduce((total, { count }) => total + count, 0);
  const total = counts.total === null ? sum : Math.max(counts.total, sum);
  const noun = counts.unit === "DEVICES" ? "device" : "execution";
  if (total === 0) return unknown(shown, "none", `no ${noun}s yet`, `no ${noun}s yet`);
  const sizes = Object.fromEntries(ORDER.map((name) => [name, 0]));
  for (const { status, count } of there) sizes[tone(status)] += count;
  sizes.rest = total - sum;
  draw(shown, sizes);
  const ended = there.filter(({ status }) => deviceEnded(status)).reduce((all, { count }) => all + count, 0);
  const words = there.map(({ status, count }) => `${count} ${inside(status)}`);
  if (sizes.rest > 0) words.push(`${sizes.rest} the vendor does not tell`);
  const about = counts.exact ? "" : "about ";
  set(shown.track, "data-kind", "counts");
  progress(
    shown,
    Math.round((100 * ended) / total),
    `${about}${ended} of ${many(total, noun)} ended: ${listed(words)}`,
  );
  const failed = sizes.bad > 0 ? `, ${sizes.bad} failed` : "";
  say(shown.text, `${about}${ended} of ${total}${failed}`);
}

function percent(shown, value) {
  const sizes = Object.fromEntries(ORDER.map((name) => [name, 0]));
  sizes[value >= 100 ? "ok" : "run"] = value;
  sizes.rest = 100 - value;
  draw(shown, sizes);
  set(shown.track, "data-kind", "percent");
  progress(shown, Math.round(value), `${Math.round(value)} per cent`);
  say(shown.text, `${Math.round(value)} %`);
}

function unknown(shown, kind, words, text) {
  draw(shown, {});
  set(shown.track, "data-kind", kind);
  progress(shown, null, words);
  say(shown.text, text);
}

function draw(shown, sizes) {
  for (const name of ORDER) {
    const size = sizes[name] ?? 0;
    // By the object model: the policy of the page allows no style attributes in markup.
    shown.segments[name].style.flexGrow = size;
    shown.segments[name].hidden = size === 0;
  }
}

function progress(shown, now, words) {
  set(shown.track, "aria-valuenow", now);
  set(shown.track, "aria-valuetext", words);
  set(shown.track, "title", words);
}

// As they lie side by side in the bar.
const inOrder = ({ byStatus }) =>
  byStatus
    .filter(({ count }) => count > 0)
    .sort((one, other) => ORDER.indexOf(tone(one.status)) - ORDER.indexOf(tone(other.status)));

/** The counts in words, one by one, with the colour each has in the bar. */
export function legend(counts) {
  const there = counts ? inOrder(counts) : [];
  return el(
    "ul",
    { class: "legend" },
    ...there.map(({ status, count }) =>
      el(
        "li",
        {},
        el("span", { class: `swatch ${tone(status)}`, "aria-hidden": "true" }),
        `${count} ${inside(status)}`,
      ),
    ),
  );
}
