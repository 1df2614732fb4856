// Tasks of four AWS IoT accounts in one order, newest first. UPSTREAMS: their base URLs. CACHE_SECONDS: how long mapped
// rows are kept; 0 asks the upstreams for each query.
import { Pool } from 'undici'

const KEPT = Number(process.env.CACHE_SECONDS) * 1000

export const backends = process.env.UPSTREAMS.split(',').map((url, at) => ({
  name: `fleet-${at + 1}`,
  pool: new Pool(url, { connections: 64, keepAliveTimeout: 600e3, keepAliveMaxTimeout: 600e3 }),
}))
const byName = new Map(backends.map((backend) => [backend.name, backend]))

const TASK_STATUS = {
  SCHEDULED: 'SCHEDULED',
  IN_PROGRESS: 'IN_PROGRESS',
  COMPLETED: 'COMPLETED',
  CANCELED: 'CANCELED',
  DELETION_IN_PROGRESS: 'DELETING',
}
const EXECUTION_STATUS = new Set([
  'QUEUED', 'IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'REJECTED', 'REMOVED', 'CANCELED',
])

async function get(backend, path) {
  const { statusCode, body } = await backend.pool.request({ method: 'GET', path })
  if (statusCode === 404) {
    await body.dump()
    return null
  }
  if (statusCode !== 200) throw new Error(`${backend.name} answered ${statusCode}`)
  return body.json()
}

// One read per key while its answer is fresh, whoever asks.
const cache = new Map()

function kept(key, read) {
  if (KEPT === 0) return read()
  const now = Date.now()
  const found = cache.get(key)
  if (found !== undefined && found.until > now) return found.value
  const entry = { until: now + KEPT, value: undefined }
  entry.value = read().then(
    (value) => (entry.value = value),
    (error) => {
      cache.delete(key)
      throw error
    },
  )
  cache.set(key, entry)
  return entry.value
}

const base64url = (text) => Buffer.from(text).toString('base64url')
const generation = (ms) => {
  const rest = ms % 1000
  return rest === 0 ? String(ms / 1000) : `${(ms - rest) / 1000}.${String(rest).padStart(3, '0')}`
}
const moment = (ms) => {
  const text = new Date(ms).toISOString()
  return ms % 1000 === 0 ? `${text.slice(0, 19)}Z` : `${text.slice(0, 23)}000Z`
}
const milliseconds = (seconds) => Math.round(seconds * 1000)

function toTask(backend, job) {
  const created = milliseconds(job.createdAt)
  const status = TASK_STATUS[job.status] ?? 'UNKNOWN'
  return {
    id: base64url(`1:task:${backend.name}:${encodeURIComponent(job.jobId)}:${generation(created)}`),
    nativeId: job.jobId,
    name: job.jobId,
    backend,
    status: status === 'CANCELED' && job.isConcurrent ? 'CANCELING' : status,
    vendorStatus: job.status,
    created,
    createdAt: moment(created),
    updatedAt: moment(milliseconds(job.lastUpdatedAt)),
    cursor: undefined,
  }
}

function toExecution(backend, jobId, { thingArn, jobExecutionSummary: summary }) {
  const thing = thingArn.slice(thingArn.indexOf(':thing/') + 7)
  const queued = milliseconds(summary.queuedAt)
  const key = `${encodeURIComponent(thing)}/${encodeURIComponent(jobId)}/${summary.executionNumber}`
  return {
    id: base64url(`1:execution:${backend.name}:${key}:${generation(queued)}`),
    device: { name: thing, backend },
    status: EXECUTION_STATUS.has(summary.status) ? summary.status : 'UNKNOWN',
    vendorStatus: summary.status,
    queuedAt: moment(queued),
    updatedAt: moment(milliseconds(summary.lastUpdatedAt)),
  }
}

const newestFirst = (one, other) => other.created - one.created || (one.id < other.id ? -1 : 1)

const tasksOf = (backend) =>
  kept(backend.name, async () => {
    const { jobs } = await get(backend, '/jobs?maxResults=250')
    return jobs.map((job) => toTask(backend, job))
  })

let merged = { parts: [], rows: [] }

// All tasks in order. While no backend was read again, the order is kept too.
export async function tasks() {
  const parts = await Promise.all(backends.map(tasksOf))
  if (KEPT > 0 && parts.every((part, at) => part === merged.parts[at])) return merged.rows
  const rows = parts.flat().sort(newestFirst)
  merged = { parts, rows }
  return rows
}

export const taskExecutions = ({ backend, nativeId }) =>
  kept(`${backend.name}/${nativeId}/things`, async () => {
    const { executionSummaries } = await get(backend, `/jobs/${encodeURIComponent(nativeId)}/things?maxResults=250`)
    return executionSummaries.map((row) => toExecution(backend, nativeId, row))
  })

export async function oneTask(id) {
  const [, kind, name, key] = Buffer.from(id, 'base64url').toString().split(':')
  const backend = byName.get(name)
  if (kind !== 'task' || backend === undefined) throw new Error('This is not the id of a task.')
  const task = await kept(`${name}/${key}`, async () => {
    const found = await get(backend, `/jobs/${key}`)
    return found === null ? null : toTask(backend, found.job)
  })
  return task?.id === id ? task : null
}

export const encodeCursor = (task) => (task.cursor ??= base64url(`${task.created}:${task.id}`))
