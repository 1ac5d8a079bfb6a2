/** The dashboard's cookie: only the server reads it, and no other host can set it (http-api.md §1.2; security 229). */
const nameFor = (publicUrl: string) => (publicUrl.startsWith('https://') ? '__Host-tm_session' : 'tm_session')

const attributes = (publicUrl: string) =>
  `Path=/; HttpOnly; SameSite=Lax${publicUrl.startsWith('https://') ? '; Secure' : ''}`

export const sessionCookie = (publicUrl: string, token: string, maxAgeSeconds: number): string =>
  `${nameFor(publicUrl)}=${token}; Max-Age=${maxAgeSeconds}; ${attributes(publicUrl)}`

export const endedCookie = (publicUrl: string): string => `${nameFor(publicUrl)}=; Max-Age=0; ${attributes(publicUrl)}`
