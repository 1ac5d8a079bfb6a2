const name = 'trymellon.application'

let chosen: string | null = stored()

/** Which application the person works with: its id is no secret, and a private window may refuse to keep it. */
function stored(): string | null {
  try {
    return localStorage.getItem(name)
  } catch {
    return null
  }
}

export const chosenApplication = (): string | null => chosen

export function chooseApplication(id: string | null): void {
  chosen = id
  try {
    if (id === null) localStorage.removeItem(name)
    else localStorage.setItem(name, id)
  } catch {
    // Chosen until the page is left.
  }
}
