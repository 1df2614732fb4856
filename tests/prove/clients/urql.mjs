// urql: a query, a dry run, what is deferred, and every event of a rollout by fetch and by graphql-ws.
import { Client, cacheExchange, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import assert from 'node:assert/strict';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

import { DEFERRED, DRY_RUN, Rollout, WATCH, address, moving, quick, report, slow, still, within } from './kit.mjs';

const types = [];
const noted = async (...given) => {
  const response = await fetch(...given);
  types.push(response.headers.get('content-type'));
  return response;
};
const options = { url: address, preferGetMethod: false, fetch: noted, fetchOptions: { headers: { 'cache-control': 'no-cache' } } };
const byFetch = new Client({ ...options, exchanges: [cacheExchange, fetchExchange], fetchSubscriptions: true });

const socket = createClient({ url: address.replace(/^http/, 'ws'), webSocketImpl: WebSocket });
const forwarding = subscriptionExchange({
  forwardSubscription: ({ query, variables }) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query: query ?? '', variables }, sink) }),
  }),
});
const bySocket = new Client({ ...options, exchanges: [cacheExchange, forwarding, fetchExchange] });

async function plain() {
  const { data, error } = await byFetch.query('query ($id: ID!) { task(id: $id) { id name backend { name } } }', { id: still });
  assert.equal(error, undefined);
  assert.equal(data.task.backend.name, quick);
  const changed = await byFetch.mutation(DRY_RUN, { input: { id: still, dryRun: true } });
  assert.equal(changed.data.cancelOtaTask.outcome, 'PREVIEWED');
  const refused = await byFetch.query('{ nothingLikeThis }', {});
  assert.equal(refused.error.graphQLErrors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
  // By GET, which caches between may keep.
  const got = await new Client({ ...options, preferGetMethod: 'force', exchanges: [fetchExchange] }).query('{ backends { name } }', {});
  assert.ok(got.data.backends.length >= 3, `${got.error}`);
}

async function deferred() {
  const began = performance.now();
  const parts = [];
  await new Promise((resolve, reject) => {
    byFetch.query(gql(DEFERRED), { quick, slow }).subscribe(({ data, error, hasNext }) => {
      if (error) return reject(error);
      parts.push({ seconds: (performance.now() - began) / 1000, data, hasNext });
      if (!hasNext) resolve();
    });
  });
  const [first, last] = [parts[0], parts.at(-1)];
  assert.ok(first.hasNext);
  assert.equal(first.data.slow, undefined);
  assert.ok(first.data.quick.nodes.some(({ id }) => id === still));
  assert.ok(last.data.slow.nodes.length > 0);
  return [first.seconds, last.seconds].map((one) => Number(one.toFixed(2)));
}

function rollout(client, devices) {
  const seen = new Rollout(devices);
  return new Promise((resolve, reject) => {
    const { unsubscribe } = client.subscription(WATCH, { task: moving }).subscribe(({ data, error }) => {
      if (error) return reject(error);
      if (seen.see(data.executionUpdated)) {
        queueMicrotask(() => unsubscribe());
        resolve(seen);
      }
    });
  });
}

const { courses } = await Rollout.of(moving);
const devices = Object.keys(courses);
const [fetched, overSocket, , partsAfter] = await within(
  90,
  'urql',
  Promise.all([rollout(byFetch, devices), rollout(bySocket, devices), within(45, 'a query', plain()), within(45, 'what is deferred', deferred())]),
);
assert.ok(types.some((one) => /^(text\/event-stream|multipart\/mixed)/.test(one)), types);
await socket.dispose();
report('urql by fetch', { events: fetched.events, courses: fetched.courses, partsAfter });
report('urql by graphql-ws', { events: overSocket.events, courses: overSocket.courses });
process.exit(0);
