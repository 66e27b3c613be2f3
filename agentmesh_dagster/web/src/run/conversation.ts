/** What a step said to its model and its tools, and what came back, told by its events. No React. */
import type { EventLog, Json, JsonObject } from '../api/types'
import { asNumber, asText, readUsage } from '../live/foldStep'
import type { Usage } from '../live/foldStep'
import { isObject } from '../schema/json'

export interface Message {
  role: string
  text: string
}

export interface ModelCall {
  kind: 'model'
  id: number
  attempt: number
  at: string
  provider: string
  model: string
  temperature?: number
  /** What the model was told since the call before; its own replies and the results of tools are shown as such. */
  messages: readonly Message[]
  /** Names of the tools that it might call. */
  tools: readonly string[]
  reply?: { text: string; toolCalls: number; stopReason: string; usage: Usage; seconds?: number }
}

export interface ToolCall {
  kind: 'tool'
  id: number
  attempt: number
  at: string
  tool: string
  input: Json
  isOver: boolean
  output?: Json
  error?: string
  seconds?: number
}

export type Call = ModelCall | ToolCall

/** The calls of one step in the order in which they were made; `events` may hold those of others. */
export function listCalls(events: readonly EventLog[], stepId: string): Call[] {
  const calls: Call[] = []
  const openTools = new Map<string, number>()
  for (const event of events) {
    if (event.stepId !== stepId) continue
    const { payload } = event
    const key = `${asNumber(payload['attempt'])} ${asText(payload['idempotencyKey'])}`
    switch (event.type) {
      case 'agent.request':
        calls.push(readRequest(event))
        break
      case 'agent.response': {
        const at = calls.findLastIndex((call) => call.kind === 'model')
        const call = calls[at]
        if (call?.kind === 'model') calls[at] = { ...call, ...readReply(call, payload) }
        break
      }
      case 'tool.request':
        openTools.set(key, calls.length)
        calls.push(readToolRequest(event))
        break
      case 'tool.response': {
        const at = openTools.get(key)
        const call = at === undefined ? undefined : calls[at]
        if (at !== undefined && call?.kind === 'tool') calls[at] = { ...call, ...readToolResponse(payload) }
        break
      }
    }
  }
  return calls
}

function readRequest({ id, timestamp, payload }: EventLog): ModelCall {
  const messages = asList(payload['messages']).filter(isObject)
  return {
    kind: 'model',
    id,
    attempt: asNumber(payload['attempt']) ?? 1,
    at: timestamp,
    provider: asText(payload['provider']) ?? '',
    model: asText(payload['model']) ?? '',
    temperature: asNumber(payload['temperature']),
    messages: messages.map(readMessage).filter(({ role }) => role !== 'assistant' && role !== 'tool'),
    tools: asList(payload['tools']).filter((name) => typeof name === 'string'),
  }
}

function readMessage(message: JsonObject): Message {
  return { role: asText(message['role']) ?? '', text: asText(message['text']) ?? '' }
}

function readReply(call: ModelCall, payload: JsonObject): Pick<ModelCall, 'model' | 'reply'> {
  return {
    model: asText(payload['model']) ?? call.model,
    reply: {
      text: asText(payload['text']) ?? '',
      toolCalls: asList(payload['toolCalls']).length,
      stopReason: asText(payload['stopReason']) ?? '',
      usage: readUsage(payload['usage']),
      seconds: asNumber(payload['seconds']),
    },
  }
}

function readToolRequest({ id, timestamp, payload }: EventLog): ToolCall {
  return {
    kind: 'tool',
    id,
    attempt: asNumber(payload['attempt']) ?? 1,
    at: timestamp,
    tool: asText(payload['tool']) ?? '',
    input: payload['input'] ?? null,
    isOver: false,
  }
}

function readToolResponse(payload: JsonObject): Partial<ToolCall> {
  return {
    isOver: true,
    output: payload['output'],
    error: asText(payload['error']),
    seconds: asNumber(payload['seconds']),
  }
}

function asList(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : []
}
