// The packed package from an ES module.
import assert from 'node:assert/strict'
import { TryMellon, TryMellonError } from '@trymellon/sdk'
import { ConflictError, createAdmin } from '@trymellon/sdk/admin'
import check from './use.cjs'

await check({ assert, TryMellon, TryMellonError, ConflictError, createAdmin })
