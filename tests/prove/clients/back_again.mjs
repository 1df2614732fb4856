// A gateway that goes and comes back: clients listen again by themselves, and begin with what is then.
// Prints `present` when each has seen every device once, and its report when each has seen them all again.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { RetryLink } from '@apollo/client/link/retry';
import assert from 'node:assert/strict';
import { EventSource } from 'eventsource';
import * as sse from 'graphql-sse';
import * as ws from 'graphql-ws';
import WebSocket from 'ws';

import { WATCH, address, devicesOf, report, still, within } from './kit.mjs';

const request = { query: WATCH, variables: { task: still } };
const retrying = { retryAttempts: 1000, shouldRetry: () => true, retryWait: () => new Promise((next) => setTimeout(next, 100)) };
const present = await devicesOf(still);
const names = Object.keys(present);

/** What one client has been told, in rounds: each begins when a device is told of again. */
class Told {
  constructor() {
    this.rounds = [{}];
  }

  see({ device, status }) {
    if (device.name in this.rounds.at(-1)) this.rounds.push({});
    this.rounds.at(-1)[device.name] = status;
  }

  has(round) {
    return Object.keys(this.rounds[round] ?? {}).length === names.length;
  }
}

const told = Object.fromEntries(
  ['graphql-ws', 'graphql-sse', 'EventSource', 'Apollo Client'].map((name) => [name, new Told()]),
);

async function byLibrary(client, name) {
  for await (const { data, errors } of client.iterate(request)) {
    assert.equal(errors, undefined);
    told[name].see(data.executionUpdated);
  }
  throw new Error(`${name} takes it for the end.`);
}

function byEventSource() {
  const url = new URL(address);
  url.searchParams.set('query', WATCH);
  url.searchParams.set('variables', JSON.stringify(request.variables));
  const source = new EventSource(url);
  source.addEventListener('next', ({ data }) => told.EventSource.see(JSON.parse(data).data.executionUpdated));
  return new Promise((_, reject) => {
    source.addEventListener('complete', () => reject(new Error('EventSource takes it for the end.')));
  });
}

/** By a multipart answer. Its RetryLink asks again when it is told that the gateway goes away, or finds nobody. */
function byApollo() {
  const delay = { initial: 100, max: 200, jitter: false };
  const link = ApolloLink.from([new RetryLink({ delay, attempts: { max: Infinity } }), new HttpLink({ uri: address })]);
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  return new Promise((_, reject) => {
    client.subscribe({ query: gql(WATCH), variables: request.variables }).subscribe({
      next: ({ data, error }) => (error ? reject(error) : told['Apollo Client'].see(data.executionUpdated)),
      error: reject,
      complete: () => reject(new Error('Apollo Client takes it for the end.')),
    });
  });
}

async function all(round) {
  while (!Object.values(told).every((one) => one.has(round))) await new Promise((next) => setTimeout(next, 20));
}

const url = address.replace(/^http/, 'ws');
const listening = Promise.race([
  byLibrary(ws.createClient({ url, webSocketImpl: WebSocket, ...retrying }), 'graphql-ws'),
  byLibrary(sse.createClient({ url: address, ...retrying }), 'graphql-sse'),
  byEventSource(),
  byApollo(),
]);
await within(45, 'the present state', Promise.race([all(0), listening]));
console.log('present');
await within(60, 'the present state of the gateway that came back', Promise.race([all(1), listening]));
for (const { rounds } of Object.values(told)) assert.deepEqual(rounds, [present, present]);
report('back again', { clients: Object.keys(told), devices: names.length });
process.exit(0);
