import { createContext } from 'react'

/** Shows the graph of the sub-workflow that a node calls. */
export const OpenCall = createContext<(nodeId: string) => void>(() => undefined)
