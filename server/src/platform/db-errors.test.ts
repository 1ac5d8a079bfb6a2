import { describe, expect, it } from 'vitest'
import { DatabaseAwayError, isDatabaseAway, isUniqueViolation } from './db-errors.ts'

const coded = (code: string, message = 'm'): Error => Object.assign(new Error(message), { code })
const byAdapter = (cause: object): Error => Object.assign(coded('P2010'), { meta: { driverAdapterError: { cause } } })

describe('isDatabaseAway', () => {
  it.each([
    ['refused connection', coded('ECONNREFUSED')],
    ['refused on every address', Object.assign(new AggregateError([coded('ECONNREFUSED')]), { code: 'ECONNREFUSED' })],
    ['shutdown', coded('57P01')],
    ['starting up', coded('57P03')],
    ['too many connections', coded('53300')],
    ['connection exception', coded('08006')],
    ['statement time-out', coded('57014')],
    ['lost connection', new Error('Connection terminated unexpectedly')],
    ['pool without room', new Error('timeout exceeded when trying to connect')],
    ['bounded queue', new DatabaseAwayError('more than 5 callers wait')],
    ['Prisma: unreachable', coded('P1001')],
    ['Prisma: pool time-out', coded('P2024')],
    [
      'Prisma: no transaction in time',
      coded('P2028', 'Transaction API error: Unable to start a transaction in the given time.'),
    ],
    ['Prisma: raw statement on a server that shuts down', byAdapter({ originalCode: '57P01', kind: 'postgres' })],
    ['wrapped as a cause', new Error('could not sign in', { cause: coded('ECONNRESET') })],
  ])('is true of: %s', (_, error) => expect(isDatabaseAway(error)).toBe(true))

  it.each([
    ['a unique violation', coded('23505')],
    ['a syntax error', coded('42601')],
    ['work that outlasted its transaction', coded('P2028', 'Transaction already closed: the timeout was 10000 ms')],
    ['a message that only speaks of it', new Error('he said: Connection terminated')],
    ['no error', undefined],
    ['text', 'ECONNREFUSED'],
  ])('is false of: %s', (_, error) => expect(isDatabaseAway(error)).toBe(false))

  it('ends on an error that is its own cause', () => {
    const error = new Error('round')
    error.cause = error
    expect(isDatabaseAway(error)).toBe(false)
  })
})

describe('isUniqueViolation', () => {
  it.each([
    ['raw SQL', coded('23505'), true],
    ['Prisma', coded('P2002'), true],
    ['raw SQL through Prisma', byAdapter({ originalCode: '23505' }), true],
    ['a foreign key', coded('23503'), false],
    ['a check', coded('23514'), false],
    ['nothing', null, false],
  ])('of %s', (_, error, expected) => expect(isUniqueViolation(error)).toBe(expected))
})
