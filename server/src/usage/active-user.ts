/**
 * Marks a user as active in a month (`periodOf`), once however often it signs in: part of the statement or transaction that
 * opens the session, so that no kill can come between.
 * @param placeholders of the tenant, the user and the period
 * @param from a clause that yields a row only if the session was opened
 */
export const markActive = ([tenant, user, period]: readonly [string, string, string], from = ''): string =>
  `insert into active_users (tenant_id, user_id, period)
   select ${tenant}, ${user}::uuid, ${period} ${from} on conflict do nothing`
