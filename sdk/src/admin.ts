export type { CallOptions } from './admin/call.ts'
export { type Admin, createAdmin, type ProvisionedAgent, provisionAgent } from './admin/client.ts'
export type { AdminConfig } from './admin/config.ts'
export {
  AuthenticationError,
  ConflictError,
  ConnectionError,
  NotFoundError,
  PermissionError,
  RateLimitError,
  ServerError,
  TimeoutError,
  TryMellonApiError,
  ValidationError,
} from './admin/errors.ts'
export type { Export } from './admin/export.ts'
export type { CursorPage, List } from './admin/list.ts'
export type * from './contract.gen.ts'
