import { confirmPage } from './agents/registration-page.ts'
import { beginAuthorization } from './authorization/begin.ts'
import { consentPage, refusalPage } from './authorization/page.ts'
import type { Config } from './config.ts'
import { devicePages } from './device/pages.ts'
import { onboardingPage } from './onboarding/hosted/page.ts'
import { assets } from './pages/assets.ts'
import { pageHeaders } from './pages/page.ts'
import type { AuthorizePage } from './surfaces/authorize.ts'
import type { Pages } from './surfaces/pages.ts'

/** The pages that people open, and what they load. */
export const siteOf = (config: Config): Pages => ({
  headers: pageHeaders,
  pages: [...devicePages(config), onboardingPage(config), confirmPage(config)],
  assets,
})

/** Where programs send people to be let in. */
export const authorizePageOf = (config: Config): AuthorizePage => ({
  headers: pageHeaders,
  begin: beginAuthorization,
  consent: consentPage(config),
  refusal: (sentence) => refusalPage(config, sentence),
})
