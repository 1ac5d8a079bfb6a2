/** The cookie of the browser that goes through a hosted sign-up; sent to this server's own pages alone. */
export function pageCookie(publicUrl: string, secret: string, maxAgeSeconds: number): string {
  const isSecure = publicUrl.startsWith('https://')
  const name = isSecure ? '__Host-tm_onboarding' : 'tm_onboarding'
  return `${name}=${secret}; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
}
