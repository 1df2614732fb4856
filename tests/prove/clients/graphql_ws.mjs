// graphql-ws: a query, a refusal, every event of a rollout, a lost connection, and the protocol's close codes.
import assert from 'node:assert/strict';
import { CloseCode, createClient } from 'graphql-ws';
import WebSocket from 'ws';

import { Rollout, WATCH, address, ask, devicesOf, moving, report, still, within } from './kit.mjs';

const url = address.replace(/^http/, 'ws');
const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });

async function first(query, variables) {
  for await (const result of client.iterate({ query, variables })) return result;
}

async function query() {
  const { data } = await first('{ backends { name vendor } }');
  assert.deepEqual(data, await ask('{ backends { name vendor } }'));
}

async function refusal() {
  await assert.rejects(first('subscription { nothingLikeThis { id } }'), (errors) => {
    assert.equal(errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    assert.match(errors[0].message, /nothingLikeThis/);
    return true;
  });
  await assert.rejects(first(WATCH, { task: 'no id at all' }), ([{ extensions }]) => extensions.code === 'BAD_USER_INPUT');
}

async function rollout() {
  const seen = await Rollout.of(moving);
  for await (const { data, errors } of client.iterate({ query: WATCH, variables: { task: moving } })) {
    assert.equal(errors, undefined);
    if (seen.see(data.executionUpdated)) break;
  }
  return seen;
}

// A connection of its own: the one above goes on.
async function reconnect() {
  let socket;
  const on = { opened: (opened) => (socket = opened) };
  const retrying = { retryAttempts: 3, shouldRetry: () => true, retryWait: async () => {} };
  const own = createClient({ url, webSocketImpl: WebSocket, on, ...retrying });
  const present = await devicesOf(still);
  const count = Object.keys(present).length;
  const states = [];
  for await (const { data } of own.iterate({ query: WATCH, variables: { task: still } })) {
    const { device, status } = data.executionUpdated;
    states.push([device.name, status]);
    if (states.length === count) socket.terminate();
    if (states.length === 2 * count) break;
  }
  assert.deepEqual(Object.fromEntries(states.slice(0, count)), present);
  assert.deepEqual(Object.fromEntries(states.slice(count)), present);
  await own.dispose();
}

/** The code with which the gateway closes a connection after these messages. */
function closed(protocol, ...messages) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, protocol);
    socket.on('open', () => messages.forEach((one) => socket.send(typeof one === 'string' ? one : JSON.stringify(one))));
    socket.on('close', resolve);
    socket.on('error', () => {});
  });
}

async function codes() {
  const init = { type: 'connection_init' };
  const subscribe = { type: 'subscribe', id: 'one', payload: { query: WATCH, variables: { task: still } } };
  const protocol = 'graphql-transport-ws';
  const cases = {
    'no JSON': [CloseCode.BadRequest, protocol, '{'],
    'unknown type': [CloseCode.BadRequest, protocol, init, { type: 'shout' }],
    'not initialised': [CloseCode.Unauthorized, protocol, subscribe],
    'initialised twice': [CloseCode.TooManyInitialisationRequests, protocol, init, init],
    'one id twice': [CloseCode.SubscriberAlreadyExists, protocol, init, subscribe, subscribe],
    'no protocol': [CloseCode.SubprotocolNotAcceptable, []],
  };
  const found = {};
  for (const [name, [, ...given]] of Object.entries(cases)) found[name] = await within(10, name, closed(...given));
  assert.deepEqual(found, Object.fromEntries(Object.entries(cases).map(([name, [code]]) => [name, code])));
  return Object.keys(cases).length;
}

const [seen, , , , coded] = await within(
  90,
  'graphql-ws',
  Promise.all([rollout(), within(45, 'a query', query()), within(45, 'a refusal', refusal()), within(45, 'a reconnect', reconnect()), codes()]),
);
await client.dispose();
report('graphql-ws', { events: seen.events, courses: seen.courses, closeCodes: coded });
process.exit(0);
