// The part of the gateway's contract that the benchmarks ask for: same types, same fields.
import { encodeCursor, oneTask, tasks, taskExecutions, backends } from './tasks.mjs'

export const typeDefs = `
  scalar DateTime

  enum TaskStatus {
    PREPARING AWAITING_APPROVAL READY SCHEDULED PENDING IN_PROGRESS PAUSED CANCELING COMPLETED CANCELED FAILED REJECTED
    SUPERSEDED DELETING DELETED UNKNOWN
  }

  enum ExecutionStatus {
    SCHEDULED AWAITING_CONFIRMATION QUEUED NOTIFIED IN_PROGRESS PAUSED RETRY_WAIT CANCELING SUCCEEDED ALREADY_UP_TO_DATE
    FAILED TIMED_OUT REJECTED NOT_APPLICABLE CANCELED REMOVED UNKNOWN
  }

  enum BackendResultStatus { OK STALE FAILED SKIPPED }

  type OtaBackend { name: String! }
  type OtaDevice { id: ID! name: String! }
  type OtaBackendResult { name: String! status: BackendResultStatus! }

  type PageInfo {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }

  type OtaExecution {
    id: ID!
    device: OtaDevice!
    status: ExecutionStatus!
    vendorStatus: String!
    queuedAt: DateTime
    updatedAt: DateTime
  }

  type OtaExecutionConnection { nodes: [OtaExecution!]! }

  type OtaTask {
    id: ID!
    nativeId: String!
    name: String!
    backend: OtaBackend!
    status: TaskStatus!
    vendorStatus: String!
    createdAt: DateTime
    updatedAt: DateTime
    executions(first: Int = 50): OtaExecutionConnection!
  }

  type OtaTaskEdge { cursor: String! node: OtaTask! }

  type OtaTaskConnection {
    edges: [OtaTaskEdge!]!
    nodes: [OtaTask!]!
    pageInfo: PageInfo!
    backends: [OtaBackendResult!]!
  }

  type Query {
    tasks(first: Int = 50): OtaTaskConnection!
    task(id: ID!): OtaTask
  }
`

export const resolvers = {
  Query: {
    tasks: async (_, { first }) => {
      const rows = await tasks()
      return { nodes: rows.length > first ? rows.slice(0, first) : rows, hasNextPage: rows.length > first }
    },
    task: (_, { id }) => oneTask(id),
  },
  OtaTask: {
    executions: async (task, { first }) => ({ nodes: (await taskExecutions(task)).slice(0, first) }),
  },
  OtaTaskConnection: {
    edges: ({ nodes }) => nodes.map((node) => ({ cursor: encodeCursor(node), node })),
    pageInfo: ({ nodes, hasNextPage }) => ({
      hasNextPage,
      hasPreviousPage: false,
      startCursor: nodes.length ? encodeCursor(nodes[0]) : null,
      endCursor: nodes.length ? encodeCursor(nodes[nodes.length - 1]) : null,
    }),
    backends: () => backends.map(({ name }) => ({ name, status: 'OK' })),
  },
}
