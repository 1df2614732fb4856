// What all clients are asked to do: where the gateway is, what is watched, and what has to be seen of it.
import assert from 'node:assert/strict';

/** Where GraphQL is served. */
export const address = process.env.GATEWAY;

/** A task that moves, and one that stands still. */
export const moving = process.env.MOVING;
export const still = process.env.STILL;

/** The backends: one that stands still, and one whose answers take more than a second. */
export const quick = 'lab';
export const slow = 'slow';

export const WATCH = `subscription Watch($task: ID!) {
  executionUpdated(taskId: $task) { __typename id status vendorStatus device { __typename id name } }
}`;

/** The page of a dashboard whose slow part comes later. */
export const DEFERRED = `query Page($quick: String!, $slow: String!) {
  quick: tasks(filter: { backends: [$quick] }) { __typename nodes { __typename id name } }
  ... @defer(label: "slow") {
    slow: tasks(filter: { backends: [$slow] }) { __typename nodes { __typename id name } backends { __typename name status } }
  }
}`;

export const DRY_RUN = `mutation Cancel($input: CancelOtaTaskInput!) {
  cancelOtaTask(input: $input) { __typename outcome errors { __typename code } preview { __typename affected } }
}`;

const OVER = new Set(['SUCCEEDED', 'ALREADY_UP_TO_DATE', 'FAILED', 'TIMED_OUT', 'REJECTED', 'CANCELED']);

/** The data of a plain POST. */
export async function ask(query, variables = {}) {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

/** The names of a task's devices, each with its status. */
export async function devicesOf(id) {
  const data = await ask('query ($id: ID!) { task(id: $id) { executions(first: 1000) { nodes { status device { name } } } } }', { id });
  return Object.fromEntries(data.task.executions.nodes.map(({ status, device }) => [device.name, status]));
}

/** What a client sees of a rollout, device by device, until all of them are at an end. */
export class Rollout {
  static async of(task) {
    return new Rollout(Object.keys(await devicesOf(task)));
  }

  constructor(devices) {
    assert.ok(devices.length >= 6, `${devices.length} devices`);
    this.courses = Object.fromEntries(devices.map((name) => [name, []]));
    this.events = 0;
  }

  /** Take an event; true when nothing is left to come. */
  see(execution) {
    const course = this.courses[execution.device.name];
    assert.ok(course, `an event of ${execution.device.name}, which is not in the task`);
    assert.ok(execution.id && execution.vendorStatus);
    course.push(execution.status);
    this.events += 1;
    return this.over;
  }

  get over() {
    return Object.values(this.courses).every((course) => OVER.has(course.at(-1)));
  }
}

/** Print what was seen, as one line of JSON: the proof's Python reads it. */
export function report(client, facts) {
  console.log(JSON.stringify({ client, ...facts }));
}

/** Fail when something takes longer than this many seconds. */
export async function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} takes more than ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
