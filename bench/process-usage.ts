import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ of Linux on every platform Node runs on. */
const TICKS_PER_SECOND = 100

function stat(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The command name may hold spaces; what follows its parenthesis is field 3 on (proc_pid_stat(5)).
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

const ticks = (fields: string[], ...numbers: number[]) =>
  numbers.reduce((sum, number) => sum + Number(fields[number - 3]), 0) / TICKS_PER_SECOND

/** User plus system time of a process with all its threads, in seconds (resolution 10 ms). */
export const cpuSeconds = (pid: number): number => ticks(stat(pid), 14, 15)

/** The same for a process, its children and those it has reaped: a PostgreSQL server with its backends. */
export function treeCpuSeconds(pid: number): number {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return children.reduce(
    (sum, name) => {
      try {
        const fields = stat(Number(name))
        return Number(fields[1]) === pid ? sum + ticks(fields, 14, 15) : sum
      } catch {
        return sum // ended between the listing and the reading
      }
    },
    ticks(stat(pid), 14, 15, 16, 17),
  )
}

/** Resident memory in MB. */
export function residentMegabytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  return Math.round(Number(kilobytes) / 1024)
}
