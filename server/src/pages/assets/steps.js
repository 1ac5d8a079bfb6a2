import { Refused, sentence } from './passkeys.js'

/** What the pages share on which a person decides about a program: steps, their buttons, and what is shown of the program. */

export const at = (id) => document.getElementById(id)

export const element = (name, text, className) => {
  const made = document.createElement(name)
  if (text !== undefined) made.textContent = text
  if (className) made.className = className
  return made
}

/** A box to untick. */
export function choice(name, value, text) {
  const label = element('label', undefined, 'choice')
  const input = document.createElement('input')
  Object.assign(input, { type: 'checkbox', name, value, checked: true })
  label.append(input, element('span', text))
  return label
}

/** What the person left ticked of a list; undefined: all of it. */
export function narrowed(name) {
  const inputs = [...document.querySelectorAll(`input[name="${name}"]`)]
  return inputs.every(({ checked }) => checked)
    ? undefined
    : inputs.filter(({ checked }) => checked).map(({ value }) => value)
}

/** A term and what it is; what a program says of itself is marked. */
export function row(name, text, unverified = false) {
  const value = element('dd', text)
  if (unverified) value.append(element('span', 'unverified', 'unverified'))
  return [element('dt', name), value]
}

const proofs = ['step_up_required', 'user_verification_required']

/**
 * The steps of a page, one of which is shown.
 * @param elsewhere where a refusal leads, by its code: `(error) => [step, message]`
 */
export function walk(steps, elsewhere = () => undefined) {
  /** Shows one step, and tells about it: focus goes to its field or heading, so that screen readers and keyboards are there too. */
  function show(step, message = '') {
    for (const name of steps) at(name).hidden = name !== step
    at('message').textContent = message
    const place = at(step).querySelector('[data-focus]') ?? at(step).querySelector('h1')
    place?.focus()
  }

  function refused(error) {
    if (error instanceof Refused) {
      if (error.status === 401 && !proofs.includes(error.code)) return show('sign-in')
      if (error.code === 'not_admitted') return show('waitlist')
      const other = elsewhere(error)
      if (other) return show(...other)
    }
    at('message').textContent = sentence(error)
  }

  /** Runs what a button does, with the buttons off, and tells what went wrong. */
  async function during(work) {
    const buttons = [...document.querySelectorAll('button')]
    for (const button of buttons) button.disabled = true
    at('message').textContent = ''
    try {
      await work()
    } catch (error) {
      refused(error)
    } finally {
      for (const button of buttons) button.disabled = false
    }
  }

  return { show, during }
}
