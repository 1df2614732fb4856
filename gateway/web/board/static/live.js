// Subscriptions over one websocket (graphql-transport-ws). It is opened with the first of them, and opened again, later
// and later, when it breaks. A reconnect loses nothing: the first event of each subscription is the present state.

import { needsSignIn } from "./api.js";
import { asFirstMessage } from "./credentials.js";

const PROTOCOL = "graphql-transport-ws";
const BACKOFF = { first: 1000, longest: 30_000 };
// How long after its end a subscription that is still wanted is begun again.
const AGAIN = { failed: 15_000, completed: 5000 };
const REFUSED = new Set([4401, 4403]);
const PING_EVERY = 20_000;

const wanted = new Map();
let socket = null;
let ready = false;
let paused = false;
let attempts = 0;
let retry = null;
let heard = 0;
let number = 0;
let listener = () => {};

/** Hear of the connection's state: "off", "connecting", "live", "lost", "paused" or "refused" (who asks is unknown). */
export function onState(told) {
  listener = told;
}

/**
 * Subscribe; gives the function that ends it. `next` is given {data, errors} of each event, `failed` the errors that
 * ended it before it is begun again.
 */
export function subscribe(query, variables, { next, failed = () => {} }) {
  const id = String((number += 1));
  wanted.set(id, { payload: { query, variables }, next, failed, begun: false, timer: null });
  begin(id);
  connect();
  return () => {
    const one = wanted.get(id);
    if (one === undefined) return;
    clearTimeout(one.timer);
    wanted.delete(id);
    if (one.begun && ready) send({ type: "complete", id });
    if (wanted.size === 0) close("off");
  };
}

/** Hang up while nobody looks; `resume` brings everything back. */
export function pause() {
  paused = true;
  close("paused");
}

export function resume() {
  if (!paused) return;
  paused = false;
  attempts = 0;
  listener("off");
  connect();
}

function connect() {
  if (socket !== null || paused || wanted.size === 0) return;
  clearTimeout(retry);
  listener(attempts === 0 ? "connecting" : "lost");
  const address = new URL("graphql", document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  const opened = new WebSocket(address, PROTOCOL);
  socket = opened;
  opened.onopen = () => opened.send(JSON.stringify({ type: "connection_init", payload: asFirstMessage() }));
  opened.onmessage = (event) => opened === socket && receive(JSON.parse(event.data));
  opened.onclose = (event) => opened === socket && closed(event.code);
}

function receive(message) {
  heard = Date.now();
  if (message.type === "connection_ack") {
    ready = true;
    attempts = 0;
    listener("live");
    for (const id of wanted.keys()) begin(id);
  } else if (message.type === "ping") {
    send({ type: "pong" });
  } else {
    const one = wanted.get(message.id);
    if (one === undefined) return;
    const errors = message.type === "error" ? message.payload : (message.payload?.errors ?? []);
    if (needsSignIn(errors)) listener("refused");
    if (message.type === "next") one.next(message.payload);
    else if (message.type === "error") ended(message.id, AGAIN.failed, errors);
    else if (message.type === "complete") ended(message.id, AGAIN.completed, null);
  }
}

function begin(id) {
  const one = wanted.get(id);
  if (!ready || one === undefined || one.begun) return;
  one.begun = true;
  send({ type: "subscribe", id, payload: one.payload });
}

function ended(id, later, errors) {
  const one = wanted.get(id);
  one.begun = false;
  if (errors !== null) one.failed(errors);
  one.timer = setTimeout(() => begin(id), later);
}

function closed(code) {
  forget();
  listener(REFUSED.has(code) ? "refused" : "lost");
  // Half of the wait is chance, so that not all boards come back to a restarted gateway at once.
  const wait = Math.min(BACKOFF.longest, BACKOFF.first * 2 ** attempts) * (0.5 + Math.random() / 2);
  attempts += 1;
  retry = setTimeout(connect, wait);
}

function close(state) {
  clearTimeout(retry);
  const open = socket;
  forget();
  open?.close(1000);
  listener(state);
}

function forget() {
  socket = null;
  ready = false;
  for (const one of wanted.values()) {
    one.begun = false;
    clearTimeout(one.timer);
  }
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

// A connection that broke without a word shows only when nothing comes back.
setInterval(() => {
  if (!ready) return;
  if (Date.now() - heard > 3 * PING_EVERY) {
    const dead = socket;
    closed(1006);
    dead.close();
  } else {
    send({ type: "ping" });
  }
}, PING_EVERY);
