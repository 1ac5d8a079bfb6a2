import type { z } from 'zod'
import { CONSOLE_APPLICATION_ID, CONSOLE_CLIENT_ID, CONSOLE_TENANT_ID } from '../console/console.ts'
import { requireStepUp, type StepUpProof } from '../console/step-up.ts'
import { type RevokedBy, revokeCredential } from '../credentials/service.ts'
import { listOf, maySpare, type Owner, renameOf } from '../passkeys/own.ts'
import { start } from '../passkeys/registration.ts'
import { add } from '../passkeys/registration-finish.ts'
import type { RegisterFinish } from '../passkeys/schema.ts'
import type { Ctx } from '../platform/context.ts'
import type { EndUser, Person } from '../platform/principal.ts'
import { denied } from '../resources.ts'
import { addressOf } from './people.ts'

type Proven = { step_up?: StepUpProof | undefined }

const owner = ({ principal }: Ctx<Person>): Owner => ({ tenantId: CONSOLE_TENANT_ID, userId: principal.id })

/** The same call as of the console's end user that the person is: what the ceremonies ask for. The account's trail has it. */
function atConsole(ctx: Ctx<Person>): Ctx<EndUser> {
  const { id, tenantId, sessionId } = ctx.principal
  return {
    ...ctx,
    principal: {
      kind: 'end_user',
      id,
      clientId: CONSOLE_CLIENT_ID,
      tenantId: CONSOLE_TENANT_ID,
      applicationId: CONSOLE_APPLICATION_ID,
      sessionId,
      bucket: sessionId,
      externalUserId: null,
      expiresAt: ctx.now(),
      claims: {},
      recordedIn: tenantId,
      actor: { kind: 'user', id },
    },
  }
}

/** The person's own passkeys, ended ones too, newest first. */
export const listPasskeys = (ctx: Ctx<Person>, input: { limit: number; starting_after?: string | undefined }) =>
  listOf(ctx, owner(ctx), input)

/** Renames one of them. @throws 404 credential_not_found */
export async function renamePasskey(ctx: Ctx<Person>, input: { credential_id: string; alias: string }) {
  const renamed = await renameOf(ctx, owner(ctx), input)
  if (!renamed) throw await denied(ctx, 'credential', input.credential_id, 'own_user')
  return renamed
}

/**
 * Starts another passkey, after a proof of one that the person has: whoever finds an open session must not be able to
 * stay. The ceremony that follows is the proof's.
 * @throws what `requireStepUp` throws
 */
export async function startPasskey(ctx: Ctx<Person>, { step_up = {} }: Proven) {
  await requireStepUp(ctx, 'account.passkeys.register', step_up)
  const address = await addressOf(ctx, ctx.principal.id)
  return start(atConsole(ctx), address === null ? {} : { display_name: address.slice(0, 100) })
}

type Finish = Pick<z.output<typeof RegisterFinish>, 'session_id' | 'credential' | 'alias'>

/** Verifies and stores it. @throws what the finish of any registration throws */
export const addPasskey = (ctx: Ctx<Person>, input: Finish) => add(atConsole(ctx), input)

/**
 * Removes one of the person's passkeys, but not the last that works, after a proof of any of them. Repeating it changes
 * nothing. Sessions that it opened go on, as for every user.
 * @throws 404 credential_not_found; 409 last_credential; what `requireStepUp` throws
 */
export async function removePasskey(
  ctx: Ctx<Person>,
  { credential_id: id, step_up = {} }: { credential_id: string } & Proven,
) {
  const { tenantId, userId } = owner(ctx)
  if (!(await maySpare(ctx, { tenantId, userId }, id))) throw await denied(ctx, 'credential', id, 'own_user')
  await requireStepUp(ctx, `account.passkeys.remove:${id}`, step_up)
  const how: RevokedBy = { reason: 'user', by: userId }
  await revokeCredential(ctx, tenantId, userId, id, how, {})
  return undefined
}
