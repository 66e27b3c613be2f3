import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { path, post } from '../api/client'
import { keys } from '../api/keys'
import { describeError } from '../api/problem'
import type { Gate } from '../api/types'
import { answerPlainly, whyNotPlainly } from './alike'
import type { Outcome } from './alike'

/** Answers gates one after the other: what became of each is known as soon as it is sent. */
export function useAnswerAlike() {
  const client = useQueryClient()
  const [outcomes, setOutcomes] = useState<readonly Outcome[]>([])
  const [left, setLeft] = useState(0)

  const answer = async (gates: readonly Gate[], approved: boolean, comment: string) => {
    setOutcomes([])
    setLeft(gates.length)
    for (const gate of gates) {
      // One after the other: the runs that go on start one after the other, too.
      // oxlint-disable-next-line no-await-in-loop
      const fault = await send(gate, approved, comment)
      setOutcomes((before) => [...before, { gate, approved, ...(fault !== undefined && { fault }) }])
      setLeft((before) => before - 1)
    }
    void client.invalidateQueries({ queryKey: keys.allGates })
    void client.invalidateQueries({ queryKey: keys.allRuns })
    void client.invalidateQueries({ queryKey: keys.overview })
  }
  return { answer, outcomes, left, forget: () => setOutcomes([]) }
}

/** Why the answer was not taken; undefined: it was. */
async function send(gate: Gate, approved: boolean, comment: string): Promise<string | undefined> {
  const output = answerPlainly(gate, approved, comment)
  if (output === undefined) return whyNotPlainly(gate, approved, comment)
  try {
    await post(path`steps/${gate.stepId}/human-complete`, { output })
    return undefined
  } catch (error) {
    return describeError(error)
  }
}
