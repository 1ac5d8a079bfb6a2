import { useSyncExternalStore } from 'react'

const script = import.meta.url

/** Path of `PUBLIC_URL`, where the server's addresses begin: the script's own is `{site}/dashboard/assets/…`. */
export const site = new URL('../..', script).pathname.slice(0, -1)

export const base = `${site}/dashboard`

const listeners = new Set<() => void>()
const changed = () => {
  for (const listener of listeners) listener()
}
window.addEventListener('popstate', changed)

/** Whether the person moved between screens: the first one leaves the focus where the browser put it. */
export const history = { moved: false }

/** Goes to a screen. @param path below `/dashboard`, beginning with a slash */
export function navigate(path: string, { replace = false } = {}): void {
  const url = base + (path === '/' ? '' : path)
  if (replace) window.history.replaceState(null, '', url)
  else window.history.pushState(null, '', url)
  history.moved = true
  window.scrollTo(0, 0)
  changed()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The segments of the current path below `/dashboard`, decoded. */
export function useSegments(): readonly string[] {
  const path = useSyncExternalStore(subscribe, () => window.location.pathname)
  return path.slice(base.length).split('/').filter(Boolean).map(decoded)
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
