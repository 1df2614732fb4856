// Apollo Client: normalised by id, every event of a rollout by a multipart answer, and what is deferred in both forms.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental';
import assert from 'node:assert/strict';

import { DEFERRED, DRY_RUN, Rollout, WATCH, address, moving, quick, report, slow, still, within } from './kit.mjs';

const LIST = gql`
  query List($backends: [String!]) {
    tasks(filter: { backends: $backends }) {
      edges { node { id name status } }
      pageInfo { hasNextPage }
    }
  }
`;
const ONE = gql`
  query One($id: ID!) {
    task(id: $id) { id name status vendorStatus }
  }
`;

/** A client of its own, and the content types it was answered in. */
function clientOf(incrementalHandler) {
  const types = [];
  const noted = async (...given) => {
    const response = await fetch(...given);
    types.push(response.headers.get('content-type'));
    return response;
  };
  // Past the gateway's caches, so that a slow backend is slow each time.
  const link = new HttpLink({ uri: address, fetch: noted, headers: { 'cache-control': 'no-cache' } });
  return { types, client: new ApolloClient({ link: ApolloLink.from([link]), cache: new InMemoryCache(), incrementalHandler }) };
}

async function normalised() {
  const { client } = clientOf();
  const listed = await client.query({ query: LIST, variables: { backends: [quick] } });
  const nodes = listed.data.tasks.edges.map(({ node }) => node);
  assert.ok(nodes.some(({ id }) => id === still));
  const name = `OtaTask:${still}`;
  assert.equal(client.cache.extract()[name].id, still);
  const { data } = await client.query({ query: ONE, variables: { id: still } });
  // Two queries, one object: the second added to what the first had brought.
  const object = client.cache.extract()[name];
  assert.equal(object.vendorStatus, data.task.vendorStatus);
  assert.equal(object.name, nodes.find(({ id }) => id === still).name);
  const again = await client.query({ query: ONE, variables: { id: still }, fetchPolicy: 'cache-only' });
  assert.deepEqual(again.data, data);
  const changed = await client.mutate({ mutation: gql(DRY_RUN), variables: { input: { id: still, dryRun: true } } });
  assert.equal(changed.data.cancelOtaTask.outcome, 'PREVIEWED');
  await assert.rejects(client.query({ query: ONE, variables: { id: 'no id at all' } }), ({ errors }) => {
    assert.equal(errors[0].extensions.code, 'BAD_USER_INPUT');
    return true;
  });
  client.stop();
  return nodes.length;
}

async function rollout() {
  const { client, types } = clientOf();
  const seen = await Rollout.of(moving);
  let last;
  await new Promise((resolve, reject) => {
    const subscription = client.subscribe({ query: gql(WATCH), variables: { task: moving } }).subscribe({
      error: reject,
      complete: () => reject(new Error('The stream ended by itself.')),
      next: ({ data, error }) => {
        if (error) return reject(error);
        last = data.executionUpdated;
        if (seen.see(last)) {
          subscription.unsubscribe();
          resolve();
        }
      },
    });
  });
  assert.match(types[0], /^multipart\/mixed/);
  assert.equal(client.cache.extract()[`OtaExecution:${last.id}`].status, last.status);
  client.stop();
  return seen;
}

async function deferred(Handler, form) {
  const { client, types } = clientOf(new Handler());
  const began = performance.now();
  const parts = [];
  await new Promise((resolve, reject) => {
    client.watchQuery({ query: gql(DEFERRED), variables: { quick, slow }, fetchPolicy: 'network-only' }).subscribe({
      error: reject,
      next: ({ data, dataState, error }) => {
        if (error) return reject(error);
        if (dataState === 'empty') return;
        parts.push({ seconds: (performance.now() - began) / 1000, dataState, data });
        if (dataState === 'complete') resolve();
      },
    });
  });
  client.stop();
  const [first, last] = [parts[0], parts.at(-1)];
  assert.match(types[0], form);
  assert.equal(first.dataState, 'streaming');
  assert.ok(first.data.quick.nodes.some(({ id }) => id === still));
  assert.equal(first.data.slow, undefined);
  assert.ok(last.data.slow.nodes.length > 0);
  assert.deepEqual(last.data.slow.backends.map(({ status }) => status), ['OK']);
  return [first.seconds, last.seconds].map((one) => Number(one.toFixed(2)));
}

async function inBothForms() {
  const of2022 = await deferred(Defer20220824Handler, /deferSpec="?20220824/i);
  const ofToday = await deferred(GraphQL17Alpha9Handler, /^multipart\/mixed/);
  return { of2022, ofToday };
}

const [seen, tasks, defer] = await within(
  90,
  'Apollo Client',
  Promise.all([rollout(), within(45, 'a list', normalised()), within(45, 'what is deferred', inBothForms())]),
);
report('Apollo Client', { events: seen.events, courses: seen.courses, tasks, partsAfter: defer });
process.exit(0);
