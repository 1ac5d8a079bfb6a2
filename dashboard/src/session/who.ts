import { useCallback, useEffect, useState } from 'react'
import { api } from '../api/client.ts'
import { type Problem, problemOf, sessionEnded } from '../api/problem.ts'
import type { Account } from './session.tsx'

export type Who =
  | { kind: 'asking' }
  | { kind: 'out'; hasEnded: boolean }
  | { kind: 'failed'; problem: Problem }
  | { kind: 'in'; account: Account }

async function whoIsThere(): Promise<Who> {
  try {
    return { kind: 'in', account: await api.account.get.query({}) }
  } catch (thrown) {
    const problem = problemOf(thrown)
    return problem.code === 'unauthorized' ? { kind: 'out', hasEnded: false } : { kind: 'failed', problem }
  }
}

/** Who is signed in: asked once, again after a sign-in, and known to have ended when any call says so. */
export function useWho(isWanted: boolean): { who: Who; ask: () => void; leave: () => void } {
  const [who, setWho] = useState<Who>({ kind: 'asking' })
  const isAsking = isWanted && who.kind === 'asking'
  useEffect(() => {
    if (!isAsking) return
    let isCurrent = true
    whoIsThere().then((found) => isCurrent && setWho(found))
    return () => {
      isCurrent = false
    }
  }, [isAsking])
  useEffect(() => {
    const end = () => setWho((before) => (before.kind === 'in' ? { kind: 'out', hasEnded: true } : before))
    sessionEnded.addEventListener('ended', end)
    return () => sessionEnded.removeEventListener('ended', end)
  }, [])
  const ask = useCallback(() => setWho({ kind: 'asking' }), [])
  const leave = useCallback(() => setWho({ kind: 'out', hasEnded: false }), [])
  return { who, ask, leave }
}
