import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { setupCommands } from './setup.ts'

const KEY = 'tm_key_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg4EQaWx'
const standard = { PUBLIC_URL: 'https://auth.example.com', MCP_SERVER_NAME: 'trymellon' }

/** Names and addresses with every character that the settings allow. */
const configurations = [
  standard,
  { PUBLIC_URL: 'http://localhost:3000', MCP_SERVER_NAME: 'a' },
  { PUBLIC_URL: 'http://[::1]:8787', MCP_SERVER_NAME: 'abcdefghijklmnop-qrstuvwxyz-0123' },
  { PUBLIC_URL: "https://it's.example.com", MCP_SERVER_NAME: '456789-7' },
  { PUBLIC_URL: 'https://a_b~c!d$e&f(g)*h+i,j;k=l', MCP_SERVER_NAME: 'x--y-' },
]

const envOf = (name: string) => `${name.toUpperCase().replaceAll('-', '_')}_SECRET_KEY`

/** The words that a shell makes of a command, without running it. */
function words(command: string): string[] {
  const script = `set -f; set -- ${command}; for word; do printf '%s\\n' "$word"; done`
  return execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n')
}

/** As much TOML as stands there: one table, strings, and one inline table of strings. */
function toml(text: string): Record<string, unknown> {
  const [head, ...lines] = text.split('\n')
  const name = /^\[mcp_servers\.([A-Za-z0-9_-]+)\]$/.exec(head ?? '')?.[1] as string
  const value = (part: string): unknown => {
    const inline = /^\{ ("[^"]+") = ("[^"]*") \}$/.exec(part)
    return inline
      ? { [JSON.parse(inline[1] as string) as string]: JSON.parse(inline[2] as string) as string }
      : JSON.parse(part)
  }
  return {
    [name]: Object.fromEntries(
      lines.map((line) => line.split(/ = (.*)/s).slice(0, 2)).map(([k, v]) => [k, value(v as string)]),
    ),
  }
}

describe('agents 158: setup commands', () => {
  it('are those of the specification, byte for byte', () => {
    const U = 'https://auth.example.com/mcp'
    expect(setupCommands(standard, KEY)).toEqual({
      claude_code: `claude mcp add --transport http trymellon ${U} --header "Authorization: Bearer ${KEY}"`,
      codex_cli: `[mcp_servers.trymellon]\nurl = "${U}"\nhttp_headers = { "Authorization" = "Bearer ${KEY}" }`,
      codex_cli_env: `[mcp_servers.trymellon]\nurl = "${U}"\nbearer_token_env_var = "TRYMELLON_SECRET_KEY"`,
      gemini_cli: `{ "mcpServers": { "trymellon": { "httpUrl": "${U}", "headers": { "Authorization": "Bearer ${KEY}" } } } }`,
      gemini_cli_env: `{ "mcpServers": { "trymellon": { "httpUrl": "${U}", "headers": { "Authorization": "Bearer $TRYMELLON_SECRET_KEY" } } } }`,
      env_var: `export TRYMELLON_SECRET_KEY="${KEY}"`,
      claude_code_env: `claude mcp add --transport http trymellon ${U} --header 'Authorization: Bearer \${TRYMELLON_SECRET_KEY}'`,
      claude_code_json: `claude mcp add-json trymellon '{"type":"http","url":"${U}","headers":{"Authorization":"Bearer ${KEY}"}}'`,
      codex_cli_command: `codex mcp add trymellon --url ${U} --bearer-token-env-var TRYMELLON_SECRET_KEY`,
      gemini_cli_command: `gemini mcp add --scope user --transport http --header "Authorization: Bearer ${KEY}" trymellon ${U}`,
      mcp_json: `{ "mcpServers": { "trymellon": { "type": "http", "url": "${U}", "headers": { "Authorization": "Bearer ${KEY}" } } } }`,
      mcp_remote: `npx -y mcp-remote ${U} --header "Authorization: Bearer ${KEY}"`,
      inspector: `npx -y @modelcontextprotocol/inspector --cli ${U} --transport http --method tools/list --header "Authorization: Bearer ${KEY}"`,
    })
  })

  it('have the six documented members first', () => {
    const documented = ['claude_code', 'codex_cli', 'codex_cli_env', 'gemini_cli', 'gemini_cli_env', 'env_var']
    expect(Object.keys(setupCommands(standard, KEY)).slice(0, 6)).toEqual(documented)
  })

  it.each(configurations)('parse in their languages: $MCP_SERVER_NAME at $PUBLIC_URL', (config) => {
    const setup = setupCommands(config, KEY)
    const [name, url, env] = [config.MCP_SERVER_NAME, `${config.PUBLIC_URL}/mcp`, envOf(config.MCP_SERVER_NAME)]
    const header = `Authorization: Bearer ${KEY}`
    const http = ['--transport', 'http']

    expect(words(setup.claude_code)).toEqual(['claude', 'mcp', 'add', ...http, name, url, '--header', header])
    expect(words(setup.claude_code_env)).toEqual([
      ...['claude', 'mcp', 'add', ...http, name, url, '--header'],
      `Authorization: Bearer \${${env}}`,
    ])
    const json = words(setup.claude_code_json)
    expect(json.slice(0, 4)).toEqual(['claude', 'mcp', 'add-json', name])
    const entry = { url, headers: { Authorization: `Bearer ${KEY}` } }
    expect(JSON.parse(json[4] as string)).toEqual({ type: 'http', ...entry })
    expect(words(setup.codex_cli_command).slice(3)).toEqual([name, '--url', url, '--bearer-token-env-var', env])
    expect(words(setup.gemini_cli_command).slice(3)).toEqual([
      '--scope',
      'user',
      ...http,
      '--header',
      header,
      name,
      url,
    ])
    expect(words(setup.mcp_remote)).toEqual(['npx', '-y', 'mcp-remote', url, '--header', header])
    expect(words(setup.inspector).slice(-3)).toEqual(['tools/list', '--header', header])
    expect(words(setup.env_var)).toEqual(['export', `${env}=${KEY}`])

    expect(toml(setup.codex_cli)).toEqual({ [name]: { url, http_headers: { Authorization: `Bearer ${KEY}` } } })
    expect(toml(setup.codex_cli_env)).toEqual({ [name]: { url, bearer_token_env_var: env } })

    const gemini = (key: string) => ({ httpUrl: url, headers: { Authorization: `Bearer ${key}` } })
    expect(JSON.parse(setup.gemini_cli)).toEqual({ mcpServers: { [name]: gemini(KEY) } })
    expect(JSON.parse(setup.gemini_cli_env)).toEqual({ mcpServers: { [name]: gemini(`$${env}`) } })
    expect(JSON.parse(setup.mcp_json)).toEqual({ mcpServers: { [name]: { type: 'http', ...entry } } })
  })
})
