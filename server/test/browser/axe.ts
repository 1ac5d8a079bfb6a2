import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'

const source = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')

type Finding = { id: string; nodes: { html: string; failureSummary: string }[] }

/** What axe finds on the page as it stands. Evaluated by the debugger, so that the page keeps its own policy. */
export async function findings(page: Page): Promise<string[]> {
  await page.evaluate(source)
  const found = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)",
  )) as Finding[]
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`))
}
