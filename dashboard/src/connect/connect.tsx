import { site } from '../router/path.ts'
import { Field } from '../ui/field.tsx'
import { Page } from '../ui/page.tsx'
import { Requests } from './requests.tsx'

/** Leads to the page where a program's code is entered, looked at, and approved with a passkey; and shows what waits. */
export function ConnectScreen() {
  return (
    <Page
      title="Connect a program"
      lead="A program that asks for access shows you a code. Enter it only if you started this yourself."
    >
      <form action={`${site}/device`} method="get">
        <Field
          label="The code that the program shows"
          name="code"
          hint="Eight letters. You will see who asks and for what, and decide with your passkey."
          required
          maxLength={20}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
        />
        <button type="submit">Look at the request</button>
      </form>
      <Requests />
    </Page>
  )
}
