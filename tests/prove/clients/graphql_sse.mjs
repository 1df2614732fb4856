// graphql-sse with distinct connections, and an EventSource: a query, refusals, every event of a rollout.
import assert from 'node:assert/strict';
import { EventSource } from 'eventsource';
import { NetworkError, createClient } from 'graphql-sse';

import { Rollout, WATCH, address, ask, devicesOf, moving, report, still, within } from './kit.mjs';

const client = createClient({ url: address, retryAttempts: 0 });

async function all(query, variables, from = client) {
  const results = [];
  for await (const result of from.iterate({ query, variables })) results.push(result);
  return results;
}

async function query() {
  const [{ data }, ...more] = await all('{ backends { name vendor } }');
  assert.deepEqual(more, []);
  assert.deepEqual(data, await ask('{ backends { name vendor } }'));
}

async function refusal() {
  const [{ data, errors }, ...more] = await all('subscription { nothingLikeThis { id } }');
  assert.deepEqual(more, []);
  assert.equal(data, undefined);
  assert.equal(errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
  const [unknown] = await all(WATCH, { task: 'no id at all' });
  assert.equal(unknown.errors[0].extensions.code, 'BAD_USER_INPUT');
}

/** The single connection mode begins with a PUT, which is not offered: every operation has a connection. */
async function singleConnection() {
  const single = createClient({ url: address, singleConnection: true, retryAttempts: 0 });
  await assert.rejects(all('{ backends { name } }', {}, single), (problem) => {
    assert.ok(problem instanceof NetworkError, problem);
    assert.equal(problem.response.status, 405);
    return true;
  });
  const refused = await fetch(address, { method: 'PUT' });
  assert.match(refused.headers.get('allow'), /GET.*POST/);
  const { errors } = await refused.json();
  assert.equal(errors[0].extensions.code, 'METHOD_NOT_ALLOWED');
  assert.ok(errors[0].message.length > 10);
}

async function rollout() {
  const seen = await Rollout.of(moving);
  for await (const { data, errors } of client.iterate({ query: WATCH, variables: { task: moving } })) {
    assert.equal(errors, undefined);
    if (seen.see(data.executionUpdated)) break;
  }
  return seen;
}

/** What every browser has, without a library: GET, and a named event for each result. */
async function eventSource() {
  const present = await devicesOf(still);
  const url = new URL(address);
  url.searchParams.set('query', WATCH);
  url.searchParams.set('variables', JSON.stringify({ task: still }));
  const source = new EventSource(url);
  const states = {};
  await new Promise((resolve, reject) => {
    source.addEventListener('error', (event) => reject(new Error(event.message ?? `${event.code}`)));
    source.addEventListener('next', ({ data }) => {
      const { device, status } = JSON.parse(data).data.executionUpdated;
      states[device.name] = status;
      if (Object.keys(states).length === Object.keys(present).length) resolve();
    });
  });
  source.close();
  assert.deepEqual(states, present);
}

const [seen] = await within(
  90,
  'graphql-sse',
  Promise.all([
    rollout(),
    within(45, 'a query', query()),
    within(45, 'a refusal', refusal()),
    within(45, 'a single connection', singleConnection()),
    within(45, 'an EventSource', eventSource()),
  ]),
);
client.dispose();
report('graphql-sse', { events: seen.events, courses: seen.courses });
process.exit(0);
