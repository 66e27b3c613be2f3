/** Logging in again where one is, when the session has ended. No React. */

/** Asks the person to log in; resolves when that is done, or false when it is not wanted. */
export type AskForLogin = () => Promise<boolean>

let ask: AskForLogin | undefined
let asking: Promise<boolean> | undefined
let wasLoggedIn = false

/** The page can ask for a login in place; undefined: it cannot any more. */
export function setLoginPrompt(prompt: AskForLogin | undefined): void {
  ask = prompt
}

/** A call was answered: whoever is asked for a login later has work here that must not be lost. */
export function noteLoggedIn(): void {
  wasLoggedIn = true
}

/** What to do about a call that needs a login: true to make it again. Calls that fail at once ask once. */
export async function askForLogin(): Promise<boolean> {
  if (ask === undefined || !wasLoggedIn) {
    goToLogin()
    return false
  }
  asking ??= ask().finally(() => {
    asking = undefined
  })
  return asking
}

let isLeaving = false // several calls fail at once: one of them leaves

/** To the login page, and back to here. */
export function goToLogin(): void {
  if (isLeaving) return
  isLeaving = true
  location.assign(loginAddress())
}

export function loginAddress(): URL {
  const login = new URL('../login', document.baseURI)
  login.searchParams.set('next', location.pathname + location.search + location.hash)
  return login
}
