import type { FastifyInstance } from 'fastify'
import type { AddressResolver } from '../platform/address.ts'
import type { Deps } from '../platform/context.ts'
import type { Operation } from './operations.ts'

export function registerDocuments(_http: FastifyInstance, _deps: Deps, _addresses: AddressResolver, _operations: readonly Operation[], _state: { draining: boolean }): void {}
