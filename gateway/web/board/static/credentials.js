// What its reader showed this page, kept for this tab alone: {kind: "token" | "key", secret}.

const PLACE = "ota-board-credentials";
let held = read();

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE));
  } catch {
    return null;
  }
}

export const known = () => held !== null;

/** Keep credentials, or forget them with null. */
export function keep(credentials) {
  held = credentials;
  try {
    if (held === null) sessionStorage.removeItem(PLACE);
    else sessionStorage.setItem(PLACE, JSON.stringify(held));
  } catch {
    // Without storage they last as long as the page.
  }
}

/** As headers of a request. */
export function asHeaders() {
  if (held === null) return {};
  return held.kind === "key" ? { "x-api-key": held.secret } : { authorization: `Bearer ${held.secret}` };
}

/** As the first message of a websocket, which can have no headers in a browser. */
export function asFirstMessage() {
  if (held === null) return {};
  return held.kind === "key" ? { apiKey: held.secret } : { Authorization: `Bearer ${held.secret}` };
}
