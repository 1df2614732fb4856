// The form over the tasks: what it holds stands in the address, and becomes the list's filter.

import * as address from "./address.js";
import { byId, el } from "./dom.js";
import { ACTIVE_STATUSES, ENDED_STATUSES, TASK_STATUSES, phrase } from "./words.js";

const TYPING_ENDS = 350;
const form = byId("filters");
const { text, where, status, group } = form.elements;
let offered = "";

/** Start the form. `changed` is called with whether the list has to be asked again. */
export function startFilters(changed) {
  status.append(
    option("", "any"),
    option("active", "not ended"),
    option("ended", "ended"),
    el("optgroup", { label: "Exactly" }, ...TASK_STATUSES.map((name) => option(name, phrase(name)))),
  );
  fromAddress();
  let timer;
  const told = (asks) => {
    address.showFilters(chosen());
    showReset();
    changed(asks);
  };
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(told, TYPING_ENDS, true);
  });
  form.addEventListener("change", (event) => event.target !== text && told(event.target !== group));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    text.value = where.value = status.value = "";
    told(true);
    text.focus();
  });
}

/** Read the form from the address, as it is after going back. */
export function fromAddress() {
  const { vendor, backend, ...others } = address.filters();
  text.value = others.text ?? "";
  choose(where, vendor ? `vendor:${vendor}` : backend ? `backend:${backend}` : "", vendor ?? backend);
  choose(status, others.status ?? "", others.status);
  choose(group, others.group ?? "vendor", others.group);
  showReset();
}

/** Offer these backends and their vendors. */
export function offer(backends) {
  const names = JSON.stringify(backends.map(({ name, vendor }) => [name, vendor]));
  if (names === offered) return;
  offered = names;
  const now = where.value;
  const vendors = [...new Set(backends.map((one) => one.vendor))];
  where.replaceChildren(
    option("", "all backends"),
    el("optgroup", { label: "Vendors" }, ...vendors.map((name) => option(`vendor:${name}`, phrase(name)))),
    el("optgroup", { label: "Backends" }, ...backends.map(({ name }) => option(`backend:${name}`, name))),
  );
  choose(where, now, now.replace(/^\w+:/, ""));
}

/** The OtaTaskFilter of the form. */
export function asFilter() {
  const { text, vendor, backend, status } = chosen();
  return {
    ...(text && { text }),
    ...(vendor && { vendors: [vendor] }),
    ...(backend && { backends: [backend] }),
    ...(status && { status: { active: ACTIVE_STATUSES, ended: ENDED_STATUSES }[status] ?? status.split(",") }),
  };
}

export const grouping = () => group.value;
export const narrowed = () => Object.keys(asFilter()).length > 0;

function chosen() {
  const [kind, name] = split(where.value);
  return {
    text: text.value.trim(),
    vendor: kind === "vendor" ? name : "",
    backend: kind === "backend" ? name : "",
    status: status.value,
    group: group.value === "vendor" ? "" : group.value,
  };
}

function split(value) {
  const colon = value.indexOf(":");
  return colon < 0 ? ["", ""] : [value.slice(0, colon), value.slice(colon + 1)];
}

function showReset() {
  byId("filters-reset").hidden = !narrowed();
}

/** Choose a value, also one that is not offered, such as a backend of an old link. */
function choose(select, value, words) {
  select.value = value;
  if (select.value === value) return;
  select.append(option(value, words));
  select.value = value;
}

const option = (value, words) => el("option", { value }, words);
