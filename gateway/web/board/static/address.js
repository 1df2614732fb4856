// What is shown stands in the address: filters in its query, the open task behind "#task=". So a view can be sent on.

const NAMES = ["text", "vendor", "backend", "status", "group"];

/** The filters of the address, by name; a filter that is not set is missing. */
export function filters() {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(NAMES.flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])));
}

/** Write filters into the address, in place. */
export function showFilters(chosen) {
  const query = new URLSearchParams(NAMES.flatMap((name) => (chosen[name] ? [[name, chosen[name]]] : [])));
  const text = query.toString();
  history.replaceState(null, "", `${location.pathname}${text ? `?${text}` : ""}${location.hash}`);
}

/** The id of the open task, or null. */
export function openTask() {
  const found = /^#task=(.+)$/.exec(location.hash);
  if (!found) return null;
  try {
    return decodeURIComponent(found[1]);
  } catch {
    return null;
  }
}

export const taskAddress = (id) => `#task=${encodeURIComponent(id)}`;

/** Leave the open task. Going back opens it again. */
export function closeTask() {
  history.pushState(null, "", location.pathname + location.search);
}
