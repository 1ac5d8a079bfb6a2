/** The client that asks oidc-provider for tokens; ours gets its own from the vending machine. */
export const CLIENT_ID = 'cli_bench'
export const CLIENT_SECRET = 'sec_benchmark_only_0123456789abcdefghijklmnopqrstuvwxyz'
export const RESOURCE = 'https://bench.example'
export const SCOPE = 'users:read'
