// Who asks: a form that shows when the gateway wants to know, and a way to forget what was typed into it.

import { keep, known } from "./credentials.js";
import { byId, say } from "./dom.js";

const form = byId("signin-form");

/** Start the form. `signedIn` and `forgotten` are called when credentials come and go. */
export function startSignIn({ signedIn, forgotten }) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { kind, secret } = form.elements;
    keep({ kind: kind.value, secret: secret.value.trim() });
    secret.value = "";
    hide();
    signedIn();
  });
  byId("forget").addEventListener("click", () => {
    keep(null);
    forgotten();
  });
  byId("forget").hidden = !known();
}

/** Ask who it is, and say why. What does not fit any more is forgotten. */
export function askWho(message) {
  const before = known();
  keep(null);
  say(byId("signin-why"), before ? message : "This gateway has to know who asks before it shows anything.");
  byId("signin").hidden = false;
  byId("board").hidden = true;
  byId("forget").hidden = true;
  form.elements.secret.focus();
}

function hide() {
  byId("signin").hidden = true;
  byId("board").hidden = false;
  byId("forget").hidden = !known();
}
