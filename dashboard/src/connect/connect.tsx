import { site } from '../router/path.ts'
import { Field } from '../ui/field.tsx'
import { Page } from '../ui/page.tsx'

/** Leads to the page where a program's code is entered, looked at, and approved or denied with a passkey. */
export function ConnectScreen() {
  return (
    <Page
      title="Connect a program"
      lead="A program that asks for access shows you a code. Nobody sees it here before you enter it."
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
    </Page>
  )
}
