// meros, which reads multipart answers for Relay, GraphiQL and others: every part of a rollout and of a deferred answer.
import assert from 'node:assert/strict';
import { meros } from 'meros/browser';

import { DEFERRED, Rollout, WATCH, address, moving, quick, report, slow, within } from './kit.mjs';

const SUBSCRIPTION = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0, application/json';
const DEFER = 'multipart/mixed, application/json';

async function parts(accept, query, variables) {
  const response = await fetch(address, {
    method: 'POST',
    headers: { accept, 'content-type': 'application/json', 'cache-control': 'no-cache' },
    body: JSON.stringify({ query, variables }),
  });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^multipart\/mixed/);
  return meros(response);
}

async function rollout() {
  const seen = await Rollout.of(moving);
  let beats = 0;
  for await (const { json, body, headers } of await parts(SUBSCRIPTION, WATCH, { task: moving })) {
    assert.ok(json, `a part that is no JSON: ${body}`);
    assert.match(headers['content-type'], /^application\/json/);
    if (body.payload === undefined) {
      assert.deepEqual(body, {});
      beats += 1;
      continue;
    }
    assert.equal(body.payload.errors, undefined);
    if (seen.see(body.payload.data.executionUpdated)) break;
  }
  return { seen, beats };
}

async function deferred() {
  const bodies = [];
  for await (const { json, body } of await parts(DEFER, DEFERRED, { quick, slow })) {
    assert.ok(json);
    bodies.push(body);
  }
  const [first, ...later] = bodies;
  assert.ok(first.data.quick.nodes.length > 0);
  assert.equal(first.data.slow, undefined);
  assert.equal(first.hasNext, true);
  const brought = later.flatMap(({ incremental = [] }) => incremental);
  assert.ok(brought.some(({ data }) => data.slow?.nodes.length > 0));
  assert.equal(bodies.at(-1).hasNext, false);
  return bodies.length;
}

const [{ seen, beats }, pieces] = await within(90, 'meros', Promise.all([rollout(), within(45, 'what is deferred', deferred())]));
report('meros', { events: seen.events, courses: seen.courses, beats, pieces });
process.exit(0);
