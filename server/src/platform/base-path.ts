/** Documents that stand before the path of what they describe (RFC 8414 §3.1, RFC 9728 §3.1). */
const wellKnown = /^\/\.well-known\/(?:oauth-authorization-server|openid-configuration|oauth-protected-resource)(?=\/)/

/** Whether a path begins with another one's segments. */
const isBelow = (path: string, base: string): boolean =>
  path.startsWith(base) && /^[/?]?$/.test(path.charAt(base.length))

/**
 * How the server reads an address when `PUBLIC_URL` has a path: without it, as every route is written. An address that has
 * no such path is taken as it is: probes, and proxies that take the path away, send those.
 * @param base path of `PUBLIC_URL`, such as `/auth`; empty: addresses stay as they are
 * @returns the address, from path to query, that is routed
 */
export function routedBy(base: string): (url: string) => string {
  return (url) => {
    if (base === '') return url
    const [document = ''] = wellKnown.exec(url) ?? []
    const path = url.slice(document.length)
    if (!isBelow(path, base)) return url
    const rest = path.slice(base.length)
    return document + (document === '' && !rest.startsWith('/') ? `/${rest}` : rest)
  }
}

/** Address of a metadata document: the well-known part stands between host and path (RFC 8414 §3.1, RFC 9728 §3.1). */
export function wellKnownUrl(
  { PUBLIC_ORIGIN, BASE_PATH }: { PUBLIC_ORIGIN: string; BASE_PATH: string },
  name: string,
  path = '',
): string {
  return `${PUBLIC_ORIGIN}/.well-known/${name}${BASE_PATH}${path}`
}
