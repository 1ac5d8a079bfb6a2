/** The events of the audit log, from `openapi.json` when the bundle is made (vite.config.ts). */
declare const __AUDIT_EVENTS__: readonly string[]
