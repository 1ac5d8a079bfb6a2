import { Copyable } from '../ui/copyable.tsx'

// In this order: first what keeps the key out of files and of the shell's history.
const names = {
  env_var: 'The key in the environment',
  claude_code_env: 'Claude Code, with the key in the environment',
  codex_cli_env: 'Codex, with the key in the environment',
  codex_cli_command: 'Codex command, with the key in the environment',
  gemini_cli_env: 'Gemini CLI, with the key in the environment',
  claude_code: 'Claude Code',
  claude_code_json: 'Claude Code, as JSON',
  codex_cli: 'Codex: ~/.codex/config.toml',
  gemini_cli: 'Gemini CLI: ~/.gemini/settings.json',
  gemini_cli_command: 'Gemini CLI command',
  mcp_json: 'Clients that read mcp.json',
  mcp_remote: 'Clients that only start local processes',
  inspector: 'MCP inspector: lists the tools',
} as const

type Known = keyof typeof names
const isKnown = (name: string): name is Known => Object.hasOwn(names, name)

/** What a client is called; one that the server learnt of later by its own name. */
const nameOf = (client: string): string => (isKnown(client) ? names[client] : client.replaceAll('_', ' '))

const order = Object.keys(names)
const place = (client: string): number => (isKnown(client) ? order.indexOf(client) : order.length)

type Props = { secretKey: string; setup: Readonly<Record<string, string>> }

/** A new secret key and the commands that connect clients with it: here, and never again. */
export function Delivery({ secretKey, setup }: Props) {
  return (
    <>
      <p className="notice">Copy what you need now: the key is shown this once.</p>
      <Copyable label="Secret key" value={secretKey} />
      <details>
        <summary>Commands that connect a client</summary>
        {Object.entries(setup)
          .sort(([one], [other]) => place(one) - place(other))
          .map(([client, command]) => (
            <Copyable key={client} label={nameOf(client)} value={command} />
          ))}
      </details>
    </>
  )
}
