// Relay's runtime with the artifacts that its compiler made: a connection that grows by pages, a device read again by its
// id, a dry run, and a subscription that changes the store. `node run.cjs ARTIFACTS`, with GATEWAY set.
const assert = require('node:assert/strict');
const path = require('node:path');
const {
  Environment, Network, Observable, RecordSource, Store,
  commitLocalUpdate, commitMutation, fetchQuery, requestSubscription,
} = require('relay-runtime');
const { createClient } = require('graphql-sse');

const artifact = (name) => require(path.resolve(process.argv[2], `fragments${name}.graphql.js`));
const url = process.env.GATEWAY;
const listening = createClient({ url });

async function ask({ text }, variables) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query: text, variables }),
  });
  return response.json();
}

function listen({ text }, variables) {
  return Observable.create((sink) => listening.subscribe({ query: text, variables }, sink));
}

const environment = new Environment({
  network: Network.create(ask, listen),
  store: new Store(new RecordSource()),
});

/** What is read out of the store. */
function stored(read) {
  let found;
  commitLocalUpdate(environment, (store) => (found = read(store)));
  return found;
}

/** The connection of the list, as Relay keeps it over all pages. */
function list(store) {
  const connection = store.getRoot().getLinkedRecord('__TaskList_tasks_connection');
  const page = connection.getLinkedRecord('pageInfo');
  const nodes = connection.getLinkedRecords('edges').map((edge) => edge.getLinkedRecord('node'));
  return {
    ids: nodes.map((node) => node.getDataID()),
    running: nodes.find((node) => node.getValue('status') === 'IN_PROGRESS')?.getDataID(),
    endCursor: page.getValue('endCursor'),
    hasNextPage: page.getValue('hasNextPage'),
  };
}

async function paged() {
  const turn = artifact('TaskListPageQuery');
  await fetchQuery(environment, turn, { first: 10 }).toPromise();
  const first = stored(list);
  assert.equal(first.ids.length, 10);
  await fetchQuery(environment, turn, { first: 10, after: first.endCursor }).toPromise();
  const both = stored(list);
  assert.deepEqual(both.ids.slice(0, 10), first.ids);
  assert.equal(new Set(both.ids).size, 20);
  return both;
}

async function refetched(task) {
  await fetchQuery(environment, artifact('TaskDevicesPageQuery'), { id: task, first: 3 }).toPromise();
  const devices = stored((store) =>
    store.get(task).getLinkedRecord('__TaskDevices_executions_connection').getLinkedRecords('edges')
      .map((edge) => edge.getLinkedRecord('node').getLinkedRecord('device').getDataID()),
  );
  assert.equal(devices.length, 3);
  await fetchQuery(environment, artifact('DeviceRefetchQuery'), { id: devices[0] }).toPromise();
  const urn = stored((store) => store.get(devices[0]).getValue('urn'));
  assert.match(urn, /^[^/]+\/.+/);
  return devices.length;
}

function tried(task) {
  return new Promise((resolve, reject) => {
    const variables = { input: { id: task, dryRun: true } };
    commitMutation(environment, {
      mutation: artifact('CancelMutation'),
      variables,
      onError: reject,
      onCompleted: ({ cancelOtaTask: { outcome } }) => resolve(assert.equal(outcome, 'PREVIEWED')),
    });
  });
}

function updated(task) {
  commitLocalUpdate(environment, (store) => store.get(task).setValue('as nobody has it', 'vendorStatus'));
  return new Promise((resolve, reject) => {
    const subscription = requestSubscription(environment, {
      subscription: artifact('UpdatesSubscription'),
      variables: { ids: [task] },
      onError: reject,
      onNext: () => {
        subscription.dispose();
        resolve(assert.notEqual(stored((store) => store.get(task).getValue('vendorStatus')), 'as nobody has it'));
      },
    });
  });
}

(async () => {
  const { ids, running } = await paged();
  const devices = await refetched(running);
  await tried(running);
  await updated(running);
  console.log(`${ids.length} tasks by two pages, ${devices} devices, a dry run, an event`);
  process.exit(0);
})();
