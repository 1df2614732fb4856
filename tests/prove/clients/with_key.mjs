// An API key in each of its places: the first message of a websocket, and a header. Without one, no client is let in.
import assert from 'node:assert/strict';
import * as sse from 'graphql-sse';
import * as ws from 'graphql-ws';
import WebSocket from 'ws';

import { WATCH, address, report, still, within } from './kit.mjs';

const key = process.env.GATEWAY_KEY;
const url = address.replace(/^http/, 'ws');

async function first(client) {
  for await (const { data, errors } of client.iterate({ query: WATCH, variables: { task: still } })) {
    assert.equal(errors, undefined);
    return data.executionUpdated.device.name;
  }
}

const once = { webSocketImpl: WebSocket, retryAttempts: 0 };
const shown = [
  ws.createClient({ url, ...once, connectionParams: { apiKey: key } }),
  ws.createClient({ url, ...once, connectionParams: { Authorization: `Bearer ${key}` } }),
  sse.createClient({ url: address, headers: { authorization: `Bearer ${key}` } }),
  sse.createClient({ url: address, headers: { 'x-api-key': key } }),
];
const names = await within(20, 'the first event for each', Promise.all(shown.map(first)));
assert.equal(new Set(names).size, 1);

const codes = [];
for (const connectionParams of [undefined, { apiKey: 'otag_of_nobody' }]) {
  await assert.rejects(first(ws.createClient({ url, ...once, connectionParams })), ({ code }) => codes.push(code) > 0);
}
for (const headers of [undefined, { 'x-api-key': 'otag_of_nobody' }]) {
  const refused = sse.createClient({ url: address, headers, retryAttempts: 0 });
  await assert.rejects(first(refused), ({ response }) => codes.push(response.status) > 0);
}
assert.deepEqual(codes, [4403, 4403, 401, 401]);
report('with a key', { shown: shown.length, refused: codes });
process.exit(0);
