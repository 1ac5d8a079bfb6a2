import type { Answer } from '../connection.ts'
import type { Work } from '../load.ts'
import { body, signIn } from '../works.ts'
import * as of from './ordinals.ts'
import { quietUsers, type Subject } from './subject.ts'
import { periodOf, rowsAbout } from './tables.ts'

/** One thing a server does, measured on both databases. */
export type Operation = {
  name: string
  /** The large database may cost this many times the small one, in server CPU and in p50. */
  limit: number
  /** The path of the contract that must be served for it. */
  path: string
  work: (subject: Subject) => Work
}

type Page<T> = { data: { data: T[]; has_more: boolean } }
type AuditLog = { event: string; success: boolean; user_id: string; created_at: string }

const DAY = 86_400_000
const USERS_A_PAGE = 50
/** Few enough that the small database fills the page of every filter but one user's. */
const ROWS_A_PAGE = 20

function expect(right: boolean, path: string, answer: Answer): void {
  if (!right) throw new Error(`unexpected body of ${path}: ${answer.body.slice(0, 300)}`)
}

/** A GET whose path may differ each time, and its answer's check. */
function reading<T>(
  { bearer }: Subject,
  next: (turn: number) => string,
  isRight: (found: T, turn: number) => boolean,
): Work {
  const head = `authorization: Bearer ${bearer}\r\n`
  let turns = 0
  return async (connection) => {
    const turn = turns++
    const path = next(turn)
    const answer = await connection.request('GET', path, head)
    expect(isRight(body<T>(answer, 200), turn), path, answer)
  }
}

const getUser = (subject: Subject): Work => {
  const users = quietUsers(subject.world, 100_000)
  const name = (turn: number) => of.userName(users[(turn * 7919) % users.length] ?? 0)
  return reading<{ data: { external_user_id: string } }>(
    subject,
    (turn) => `/v1/users/${name(turn)}`,
    ({ data }, turn) => data.external_user_id === name(turn),
  )
}

/** The last page in six: the 10,000th of the large tenant at full size. */
export const deepPage = ({ world }: Subject) => Math.floor((of.countOfLarge(world.facts.size) * 5) / 6 / USERS_A_PAGE)

/** @param page from 1 */
const usersPage =
  (pageOf: (subject: Subject) => number) =>
  (subject: Subject): Work => {
    const { size } = subject.world.facts
    const first = (pageOf(subject) - 1) * USERS_A_PAGE
    const cursor = first === 0 ? '' : `&starting_after=${of.userId(size, of.ordinalOf(size, first - 1))}`
    const expected = of.userName(of.ordinalOf(size, first))
    return reading<Page<{ external_user_id: string }>>(
      subject,
      () => `/v1/users?limit=${USERS_A_PAGE}${cursor}`,
      ({ data: page }) =>
        page.data.length === USERS_A_PAGE && page.has_more && page.data[0]?.external_user_id === expected,
    )
  }

type Filter = { query: string; rows?: number; matches: (row: AuditLog) => boolean }

const auditPage =
  (filterOf: (subject: Subject) => (turn: number) => Filter) =>
  (subject: Subject): Work => {
    const filter = filterOf(subject)
    return reading<Page<AuditLog>>(
      subject,
      (turn) => `/v1/audit-logs?limit=${ROWS_A_PAGE}${filter(turn).query}`,
      ({ data: page }, turn) => {
        const { rows = ROWS_A_PAGE, matches } = filter(turn)
        return page.data.length === rows && page.data.every(matches)
      },
    )
  }

/** A span of days in the middle of the log, elsewhere each time. */
function span({ world }: Subject, turn: number, days: number) {
  const from = of.started(world.facts.size) + (40 + ((turn * 37) % 300)) * DAY
  const [low, high] = [from, from + days * DAY].map((millis) => new Date(millis).toISOString()) as [string, string]
  return { query: `&from=${low}&to=${high}`, holds: (row: AuditLog) => row.created_at >= low && row.created_at < high }
}

/**
 * Users whose data is read: as many on both sides, so that what a report records in the trail of its user weighs the same,
 * and others for the pages of a trail.
 */
const READ_ABOUT = 200

function readAbout({ world }: Subject, what: 'report' | 'trail'): (turn: number) => number {
  const users = quietUsers(world, 2 * READ_ABOUT).filter((_, index) => (index % 2 === 0) === (what === 'report'))
  return (turn) => users[(turn * 7) % users.length] ?? 0
}

const audited = (name: string, filter: (subject: Subject) => (turn: number) => Filter): Operation => ({
  name: `audit page: ${name}`,
  limit: 2,
  path: '/v1/audit-logs',
  work: auditPage(filter),
})

/** A filter that is the same each time. */
const always = (query: string, matches: (row: AuditLog) => boolean, rows?: number) => () => () => ({
  query,
  matches,
  rows,
})

/** A filter over a span of days that lies elsewhere each time. */
const within =
  (days: number, query: string, matches: (row: AuditLog) => boolean) =>
  (subject: Subject) =>
  (turn: number): Filter => {
    const { query: times, holds } = span(subject, turn, days)
    return { query: query + times, matches: (row) => matches(row) && holds(row) }
  }

const ofOneUser = (subject: Subject) => {
  const { size } = subject.world.facts
  const user = readAbout(subject, 'trail')
  return (turn: number): Filter => {
    const n = user(turn)
    const id = of.userId(size, n)
    return {
      query: `&user_id=${id}`,
      rows: rowsAbout(size, n),
      matches: (row) => row.user_id === id,
    }
  }
}

const any = () => true
const failed = (row: AuditLog) => !row.success

const auditPages: Operation[] = [
  audited('no filter', always('', any)),
  audited(
    'event, frequent',
    always('&event=auth.success', (row) => row.event === 'auth.success'),
  ),
  audited(
    'event, rare',
    always('&event=credential.revoked', (row) => row.event === 'credential.revoked'),
  ),
  audited(
    'success=false',
    always('&success=false', (row) => !row.success),
  ),
  audited('user', ofOneUser),
  audited('from and to, one day', within(1, '', any)),
  audited('success=false, from and to, 30 days', within(30, '&success=false', failed)),
  audited('event, success, from and to, 60 days', within(60, '&event=auth.failed&success=false', failed)),
  audited('event and outcome that exclude each other', always('&event=auth.failed&success=true', any, 0)),
]

const someOf = <T>(all: T[], count: number): T[] =>
  Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)] as T)

const usage = (subject: Subject): Work => {
  const period = periodOf(subject.world.facts.size.now)
  return reading<{ data: { period: string; api_calls: number } }>(
    subject,
    () => `/v1/usage?period=${period}`,
    ({ data }) => data.period === period && data.api_calls >= 1_000_000,
  )
}

const report = (subject: Subject): Work => {
  const user = readAbout(subject, 'report')
  const name = (turn: number) => of.userName(user(turn))
  return reading<{ data: { user: { external_user_id: string }; audit_logs: unknown[] } }>(
    subject,
    (turn) => `/v1/privacy/user-data/${name(turn)}`,
    ({ data }, turn) => data.user.external_user_id === name(turn) && data.audit_logs.length >= 10,
  )
}

/** Everything whose cost may not grow with the size of the tenant or of the database. */
export const operations: Operation[] = [
  { name: 'get user', limit: 1.2, path: '/v1/users/{external_user_id}', work: getUser },
  { name: 'users, first page', limit: 1.2, path: '/v1/users', work: usersPage(() => 1) },
  { name: 'users, 10,000th page', limit: 1.2, path: '/v1/users', work: usersPage(deepPage) },
  { name: 'usage of a month', limit: 1.2, path: '/v1/usage', work: usage },
  {
    name: "report of a user's data",
    limit: 1.2,
    path: '/v1/privacy/user-data/{external_user_id}',
    work: report,
  },
  ...auditPages,
  {
    name: 'sign-in, 480 users again and again',
    limit: 1.2,
    path: '/v1/passkeys/auth/start',
    work: ({ passkeys, world }) => signIn(someOf(passkeys, 480), world.made.clientId),
  },
  {
    // The same 500 in the small database, which has no more; in the large one every key is met for the first time.
    name: 'sign-in, 20,000 users once each',
    limit: 1.2,
    path: '/v1/passkeys/auth/start',
    work: ({ passkeys, world }) => signIn(passkeys, world.made.clientId),
  },
]
