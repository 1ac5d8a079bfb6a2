import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core'
import { testBrowser } from '../machine.ts'

const switches = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP *.test 127.0.0.1',
]

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: testBrowser as string, args: switches })

export type VirtualCredential = {
  credentialId: string
  isResidentCredential: boolean
  rpId: string
  privateKey: string
  userHandle: string
  signCount: number
}

/** A page of its own context with a virtual authenticator; a failed verification locks an authenticator, so never share one. */
export type Visitor = {
  context: BrowserContext
  page: Page
  /** Everything the page wrote to its console, or failed to load. */
  complaints: string[]
  /** Hosts that were asked. */
  hosts: Set<string>
  credentials(): Promise<VirtualCredential[]>
  setVerified(verified: boolean): Promise<void>
  /** Puts a copy of a credential with another counter into this authenticator. */
  putCredential(credential: VirtualCredential): Promise<void>
  /** Goes on at another device: with an authenticator of its own, which knows none of the credentials. */
  changeDevice(): Promise<void>
  close(): Promise<void>
}

export async function visitor(browser: Browser, options: { verified?: boolean } = {}): Promise<Visitor> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const complaints: string[] = []
  const hosts = new Set<string>()
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => hosts.add(new URL(request.url()).host))
  const cdp: CDPSession = await context.newCDPSession(page)
  await cdp.send('WebAuthn.enable', { enableUI: false })
  const addAuthenticator = async (): Promise<string> => {
    const added = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: options.verified ?? true,
        automaticPresenceSimulation: true,
      },
    })
    return added.authenticatorId
  }
  let authenticatorId = await addAuthenticator()
  return {
    context,
    page,
    complaints,
    hosts,
    async credentials() {
      const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId })
      return credentials as VirtualCredential[]
    },
    async setVerified(isUserVerified) {
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
    },
    async putCredential(credential) {
      const known = await cdp.send('WebAuthn.getCredentials', { authenticatorId })
      if (known.credentials.some(({ credentialId }) => credentialId === credential.credentialId)) {
        await cdp.send('WebAuthn.removeCredential', { authenticatorId, credentialId: credential.credentialId })
      }
      await cdp.send('WebAuthn.addCredential', { authenticatorId, credential })
    },
    async changeDevice() {
      await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
      authenticatorId = await addAuthenticator()
    },
    close: () => context.close(),
  }
}
