// Every operation that this page sends, and nothing else: public API, cheap lists first. A list asks for what the
// vendors' lists hold; what costs a vendor call a task is asked for those in sight (TASKS_IN_SIGHT, WATCH_TASKS).

const BACKEND = `
  name vendor region readOnly
  health {
    state since callsLastMinute callBudgetPerSecond latencyP50Ms circuit circuitOpenUntil
    lastError { code message }
  }
`;

const ROW = `id name nativeId status vendorStatus createdAt observedAt backend { name vendor }`;

const COUNTS = `
  outcome
  progress { percent source }
  executionCounts { total unit exact byStatus { status count } }
`;

const DETAIL = `
  ${ROW} ${COUNTS}
  outcomeSource description startedAt endedAt updatedAt fingerprint
  allowedOperations { operation allowed needsForce reason }
`;

const DEVICE = `
  id device { name productKey } status vendorStatus phase attempt
  progress { percent source }
  queuedAt startedAt endedAt updatedAt
  allowedOperations { operation allowed needsForce reason }
`;

const ERROR = `
  __typename code message retryable backend target
  ... on OtaInvalidState { needsForce vendorStatus }
  ... on OtaOutcomeUnknown { checkAfterSeconds }
  ... on OtaThrottled { retryAfterSeconds }
  ... on OtaVendorRejected { vendorCode vendorMessage requestId }
`;

export const BOARD = `query Board($first: Int!, $filter: OtaTaskFilter) {
  backends { ${BACKEND} }
  tasks(first: $first, filter: $filter) {
    nodes { ${ROW} }
    pageInfo { hasNextPage endCursor }
    backends { name status fetchedAt error { code message } }
  }
}`;

export const MORE_TASKS = `query MoreTasks($first: Int!, $after: String, $filter: OtaTaskFilter) {
  tasks(first: $first, after: $after, filter: $filter) {
    nodes { ${ROW} }
    pageInfo { hasNextPage endCursor }
    backends { name status fetchedAt error { code message } }
  }
}`;

export const BACKENDS = `query Backends { backends { ${BACKEND} } }`;

export const TASKS_IN_SIGHT = `query TasksInSight($ids: [ID!]!) {
  nodes(ids: $ids) { ... on OtaTask { id ${COUNTS} } }
}`;

export const WATCH_TASKS = `subscription WatchTasks($ids: [ID!]!) {
  taskUpdated(ids: $ids) { ${ROW} ${COUNTS} }
}`;

export const TASK = `query Task($id: ID!, $first: Int!) {
  task(id: $id) { ${DETAIL} package { name version } }
  executions(first: $first, filter: {taskId: $id}) {
    nodes { ${DEVICE} }
    pageInfo { hasNextPage endCursor }
    backends { status fetchedAt error { code message } }
  }
}`;

export const WATCH_TASK = `subscription WatchTask($id: ID!) {
  taskUpdated(ids: [$id]) { ${DETAIL} }
}`;

export const MORE_DEVICES = `query MoreDevices($id: ID!, $first: Int!, $after: String) {
  executions(first: $first, after: $after, filter: {taskId: $id}) {
    nodes { ${DEVICE} }
    pageInfo { hasNextPage endCursor }
    backends { status fetchedAt error { code message } }
  }
}`;

export const FAILURES = `query Failures($ids: [ID!]!) {
  nodes(ids: $ids) { ... on OtaExecution { id failure { reason vendorCode vendorMessage } } }
}`;

export const WATCH_DEVICES = `subscription WatchDevices($id: ID!) {
  executionUpdated(taskId: $id) { ${DEVICE} }
}`;

export const CANCEL_TASK = `mutation CancelTask($input: CancelOtaTaskInput!) {
  cancelOtaTask(input: $input) {
    outcome auditEntryId
    task { ${DETAIL} }
    preview { affected sideEffects wouldRefuse { ${ERROR} } }
    errors { ${ERROR} }
  }
}`;

export const CANCEL_DEVICES = `mutation CancelDevices($input: CancelDeviceUpgradeInput!) {
  cancelDeviceUpgrade(input: $input) {
    auditEntryId
    results {
      target deviceName outcome statusBefore vendorStatusBefore
      error { ${ERROR} }
      execution { ${DEVICE} }
    }
    summary { requested done refused failed unknown }
    preview { affected sideEffects wouldRefuse { ${ERROR} } }
    errors { ${ERROR} }
  }
}`;
