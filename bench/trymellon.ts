import type { Starter } from './targets.ts'
export const ours: Starter[] = []
