import { type Authenticator, createAuthenticator, type Mutation } from './authenticator.ts'
import type { Answer, Call, Tenant, TestApp } from './harness.ts'

export const ORIGIN = 'https://app.example.com'

type Options = Partial<Call> & {
  device?: Authenticator
  name?: string | undefined
  mutate?: Mutation
  frame?: { crossOrigin?: boolean; topOrigin?: string }
  /** Members of the start's body beside the name. */
  start?: object
  /** Members of the finish's body beside session and credential. */
  finish?: object
  /** The session token instead of the publishable key. */
  session?: string
  /** Origin the browser signs, when it is not the one it sends. */
  signedOrigin?: string
}

/** Whole ceremonies over HTTP, by a software authenticator, for one tenant and one browser. */
export function browserOf(server: Pick<TestApp, 'call'>, tenant: Pick<Tenant, 'clientId'>, origin = ORIGIN) {
  const post = (path: string, body: unknown, options: Options): Promise<Answer> =>
    server.call('POST', path, {
      body,
      origin: options.origin ?? origin,
      token: options.session ?? tenant.clientId,
      ip: options.ip ?? '198.51.100.20',
      ...(options.headers ? { headers: options.headers } : {}),
    })
  const named = ({ name, start }: Options) => ({ ...(name === undefined ? {} : { external_user_id: name }), ...start })
  const ceremony = (options: Options) => ({
    origin: options.signedOrigin ?? origin,
    ...options.frame,
    ...(options.mutate ? { mutate: options.mutate } : {}),
  })

  return {
    post,
    startRegistration: (options: Options = {}) => post('/v1/passkeys/register/start', named(options), options),
    startSignIn: (options: Options = {}) => post('/v1/passkeys/auth/start', named(options), options),
    async finishRegistration(started: Answer, options: Options & { device: Authenticator }) {
      const credential = options.device.register(started.body.data.challenge, ceremony(options))
      return post(
        '/v1/passkeys/register/finish',
        { session_id: started.body.data.session_id, credential, ...options.finish },
        options,
      )
    },
    async finishSignIn(started: Answer, options: Options & { device: Authenticator }) {
      const credential = options.device.authenticate(started.body.data.challenge, ceremony(options))
      return post(
        '/v1/passkeys/auth/finish',
        { session_id: started.body.data.session_id, credential, ...options.finish },
        options,
      )
    },
    /** Registers; throws unless it works. */
    async register(name: string | undefined, device = createAuthenticator(), options: Options = {}) {
      const started = await this.startRegistration({ ...options, name })
      if (started.status !== 200) throw new Error(`register/start answered ${started.status}: ${started.text}`)
      const finished = await this.finishRegistration(started, { ...options, device })
      if (finished.status !== 200) throw new Error(`register/finish answered ${finished.status}: ${finished.text}`)
      return { device, token: finished.body.data.session_token as string, data: finished.body.data }
    },
    async signIn(device: Authenticator, options: Options = {}) {
      return this.finishSignIn(await this.startSignIn(options), { ...options, device })
    },
  }
}
