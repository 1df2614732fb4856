// What a Relay application says of tasks: a connection that pages, a device that is read again by its id, a change, and a
// stream. relay-compiler reads it; nothing runs it.
import { graphql } from 'react-relay';

export const taskList = graphql`
  fragment fragmentsTaskList_query on Query
  @argumentDefinitions(first: { type: "Int", defaultValue: 25 }, after: { type: "String" }, filter: { type: "OtaTaskFilter" })
  @refetchable(queryName: "fragmentsTaskListPageQuery") {
    tasks(first: $first, after: $after, filter: $filter) @connection(key: "TaskList_tasks", filters: ["filter"]) {
      edges {
        node {
          id
          ...fragmentsTaskRow_task
        }
      }
      backends {
        name
        status
      }
    }
  }
`;

export const taskRow = graphql`
  fragment fragmentsTaskRow_task on OtaTask {
    name
    status
    vendorStatus
    progress {
      percent
    }
    backend {
      name
    }
  }
`;

export const taskDevices = graphql`
  fragment fragmentsTaskDevices_task on OtaTask
  @argumentDefinitions(first: { type: "Int", defaultValue: 50 }, after: { type: "String" })
  @refetchable(queryName: "fragmentsTaskDevicesPageQuery") {
    executions(first: $first, after: $after) @connection(key: "TaskDevices_executions") {
      edges {
        node {
          status
          device {
            ...fragmentsDevice_device
          }
        }
      }
    }
  }
`;

export const device = graphql`
  fragment fragmentsDevice_device on OtaDevice @refetchable(queryName: "fragmentsDeviceRefetchQuery") {
    name
    urn
    executions(first: 5) {
      nodes {
        status
        task {
          name
        }
      }
    }
  }
`;

export const page = graphql`
  query fragmentsPageQuery($id: ID!) {
    ...fragmentsTaskList_query
    node(id: $id) {
      ...fragmentsTaskDevices_task @alias(as: "devices")
    }
  }
`;

export const cancel = graphql`
  mutation fragmentsCancelMutation($input: CancelOtaTaskInput!) {
    cancelOtaTask(input: $input) {
      outcome
      errors {
        code
        message
      }
      task {
        ...fragmentsTaskRow_task
      }
    }
  }
`;

export const remove = graphql`
  mutation fragmentsDeleteMutation($input: DeleteOtaTaskInput!, $connections: [ID!]!) {
    deleteOtaTask(input: $input) {
      outcome
      deletedId @deleteEdge(connections: $connections)
    }
  }
`;

export const updates = graphql`
  subscription fragmentsUpdatesSubscription($ids: [ID!]!) {
    taskUpdated(ids: $ids) {
      ...fragmentsTaskRow_task
    }
  }
`;
