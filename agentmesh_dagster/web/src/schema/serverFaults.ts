/** What the server says of a value that does not fit its schema. No React. */

/** The faults of a sentence such as `at $.price: -1 is less than the minimum of 0; at $.name: …`, by their places. */
export function readServerFaults(detail: string): Map<string, string> {
  const faults = new Map<string, string>()
  for (const part of detail.split(/; (?=at \$)/)) {
    const [, place, message] = /^at (\$[^\s:]*): ([\s\S]*)$/.exec(part) ?? []
    if (place !== undefined && message !== undefined) faults.set(place, message)
  }
  return faults
}
