import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'

export type Delivery = { from: string; to: string[]; data: string }

export type SmtpServer = {
  port: number
  /** What was taken, in order. */
  deliveries: Delivery[]
  /** Every command line that came in, without the bodies. */
  commands: string[]
  /** Answers a command otherwise: `RCPT` with `550 5.1.1 no such user`. null: as ever. */
  refuse: ((command: string) => string | null) | null
  close(): Promise<void>
}

/** A mail server that takes everything (RFC 5321, as much of it as a client needs): no TLS, no authentication. */
export async function smtpServer(): Promise<SmtpServer> {
  const sockets = new Set<Socket>()
  const state: Pick<SmtpServer, 'deliveries' | 'commands' | 'refuse'> = { deliveries: [], commands: [], refuse: null }

  function serve(socket: Socket): void {
    let mail: Delivery = { from: '', to: [], data: '' }
    let held = ''
    let isData = false
    const say = (line: string) => socket.write(`${line}\r\n`)

    function command(line: string): void {
      state.commands.push(line)
      const verb = line.slice(0, 4).toUpperCase()
      const refused = state.refuse?.(line)
      if (refused) say(refused)
      else if (verb === 'EHLO') say('250-test\r\n250-8BITMIME\r\n250 SMTPUTF8')
      else if (verb === 'DATA') {
        isData = true
        say('354 go on')
      } else if (verb === 'QUIT') socket.end('221 bye\r\n')
      else {
        const [, path = ''] = line.match(/<([^>]*)>/) ?? []
        if (verb === 'MAIL') mail = { from: path, to: [], data: '' }
        if (verb === 'RCPT') mail.to.push(path)
        say('250 ok')
      }
    }

    function take(): void {
      const end = held.indexOf(isData ? '\r\n.\r\n' : '\r\n')
      if (end === -1) return
      const part = held.slice(0, end)
      held = held.slice(end + (isData ? 5 : 2))
      if (isData) {
        isData = false
        const refused = state.refuse?.('.')
        if (!refused) state.deliveries.push({ ...mail, data: part })
        say(refused ?? '250 taken')
      } else command(part)
      take()
    }

    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      held += chunk
      take()
    })
    say('220 test ESMTP')
  }

  const server = createServer(serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(state, {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
