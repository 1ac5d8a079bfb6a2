import { z } from 'zod'
import type { Config } from '../config.ts'

const setupMember = (about: string) => z.string().meta({ description: about })

/** One ready line or file for each client (agents.md §7); the first six are always there, more may come. */
export const Setup = z
  .object({
    claude_code: setupMember('Shell command for Claude Code.'),
    codex_cli: setupMember('For `~/.codex/config.toml`.'),
    codex_cli_env: setupMember('For `~/.codex/config.toml`, with the key in the environment.'),
    gemini_cli: setupMember('For `~/.gemini/settings.json`.'),
    gemini_cli_env: setupMember('For `~/.gemini/settings.json`, with the key in the environment.'),
    env_var: setupMember('Shell command that puts the key in the environment.'),
    claude_code_env: setupMember('Shell command for Claude Code, with the key in the environment.'),
    claude_code_json: setupMember('Shell command for Claude Code, as JSON.'),
    codex_cli_command: setupMember('Shell command for Codex, with the key in the environment.'),
    gemini_cli_command: setupMember('Shell command for Gemini CLI.'),
    mcp_json: setupMember('For clients that read `mcp.json`.'),
    mcp_remote: setupMember('For clients that only start local processes.'),
    inspector: setupMember('Lists the tools with the MCP inspector.'),
  })
  .meta({ id: 'KeySetup' })

/** How a new secret key is handed over, in every flow. */
export const KeyDelivery = z
  .object({
    secret_key: z.string().meta({ description: 'Shown once.' }),
    key_preview: z.string(),
    setup: Setup,
  })
  .meta({ id: 'KeyDelivery' })

/** A value of the configuration as one word of a shell. */
const word = (value: string): string =>
  /^[0-9A-Za-z_./:-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`

/** Inside single quotes of a shell. */
const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`

/** What JSON and TOML write alike: a basic string. */
const string = (value: string): string => JSON.stringify(value)

const servers = (name: string, body: string): string => `{ "mcpServers": { ${string(name)}: { ${body} } } }`

/**
 * The commands and files that connect each client to this server (agents.md §7), byte for byte. Name and address come from
 * the configuration, never from a request.
 */
export function setupCommands(
  { PUBLIC_URL, MCP_SERVER_NAME: name }: Pick<Config, 'PUBLIC_URL' | 'MCP_SERVER_NAME'>,
  secretKey: string,
): z.output<typeof Setup> {
  const url = `${PUBLIC_URL}/mcp`
  const env = `${name.toUpperCase().replaceAll('-', '_')}_SECRET_KEY`
  const bearer = `Authorization: Bearer ${secretKey}`
  const headers = (key: string) => `"headers": { "Authorization": "Bearer ${key}" }`
  const table = `[mcp_servers.${name}]\nurl = ${string(url)}\n`
  const json = `{"type":"http","url":${string(url)},"headers":{"Authorization":"Bearer ${secretKey}"}}`
  return {
    claude_code: `claude mcp add --transport http ${name} ${word(url)} --header "${bearer}"`,
    codex_cli: `${table}http_headers = { "Authorization" = "Bearer ${secretKey}" }`,
    codex_cli_env: `${table}bearer_token_env_var = "${env}"`,
    gemini_cli: servers(name, `"httpUrl": ${string(url)}, ${headers(secretKey)}`),
    gemini_cli_env: servers(name, `"httpUrl": ${string(url)}, ${headers(`$${env}`)}`),
    env_var: `export ${env}="${secretKey}"`,
    claude_code_env: `claude mcp add --transport http ${name} ${word(url)} --header 'Authorization: Bearer \${${env}}'`,
    claude_code_json: `claude mcp add-json ${name} ${quoted(json)}`,
    codex_cli_command: `codex mcp add ${name} --url ${word(url)} --bearer-token-env-var ${env}`,
    gemini_cli_command: `gemini mcp add --scope user --transport http --header "${bearer}" ${name} ${word(url)}`,
    mcp_json: servers(name, `"type": "http", "url": ${string(url)}, ${headers(secretKey)}`),
    mcp_remote: `npx -y mcp-remote ${word(url)} --header "${bearer}"`,
    inspector: `npx -y @modelcontextprotocol/inspector --cli ${word(url)} --transport http --method tools/list --header "${bearer}"`,
  }
}
