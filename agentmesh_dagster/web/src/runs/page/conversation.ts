/** What a step said to its model and its tools, and what came back, told by its events. No React. */
import type { EventLog, Json, JsonObject } from '../../api/types'
import { asNumber, asText, readUsage } from '../live/foldStep'
import { largeOf } from '../../api/whole'
import type { Large } from '../../api/whole'
import type { Usage } from '../live/foldStep'
import { isObject } from '../../schema/json'

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
  /** Set instead of messages that came cut. */
  largeMessages?: Large
  /** Names of the tools that it might call. */
  tools: readonly string[]
  reply?: Reply
}

export interface Reply {
  text: string
  /** Set instead of a text that came cut. */
  largeText?: Large
  /** How many it wants; undefined: some, but they came cut. */
  toolCalls?: number
  stopReason: string
  usage: Usage
  seconds?: number
}

export interface ToolCall {
  kind: 'tool'
  id: number
  attempt: number
  at: string
  tool: string
  toolId?: string
  input: Json
  largeInput?: Large
  isOver: boolean
  output?: Json
  largeOutput?: Large
  error?: string
  seconds?: number
  /** Names of the secrets that were put in, and the hosts to which they went. */
  secrets: readonly string[]
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
        if (call?.kind === 'model') calls[at] = { ...call, ...readReply(call, event) }
        break
      }
      case 'tool.request':
        openTools.set(key, calls.length)
        calls.push(readToolRequest(event))
        break
      case 'tool.response': {
        const at = openTools.get(key)
        const call = at === undefined ? undefined : calls[at]
        if (at !== undefined && call?.kind === 'tool') calls[at] = { ...call, ...readToolResponse(event) }
        break
      }
      case 'secret.used': {
        const at = calls.findLastIndex((call) => call.kind === 'tool' && call.toolId === payload['toolId'])
        const call = calls[at]
        if (call?.kind === 'tool') calls[at] = { ...call, secrets: [...call.secrets, readSecret(payload)] }
        break
      }
    }
  }
  return calls
}

function readRequest(event: EventLog): ModelCall {
  const { id, timestamp, payload } = event
  return {
    kind: 'model',
    id,
    attempt: asNumber(payload['attempt']) ?? 1,
    at: timestamp,
    provider: asText(payload['provider']) ?? '',
    model: asText(payload['model']) ?? '',
    temperature: asNumber(payload['temperature']),
    messages: readMessages(payload['messages']),
    largeMessages: largeIn(event, 'messages'),
    tools: asList(payload['tools']).filter((name) => typeof name === 'string'),
  }
}

/** What the model was told: without its own replies and the results of tools. */
export function readMessages(told: Json | undefined): Message[] {
  const messages = asList(told).filter(isObject).map(readMessage)
  return messages.filter(({ role }) => role !== 'assistant' && role !== 'tool')
}

function readMessage(message: JsonObject): Message {
  return { role: asText(message['role']) ?? '', text: asText(message['text']) ?? '' }
}

function readReply(call: ModelCall, event: EventLog): Pick<ModelCall, 'model' | 'reply'> {
  const { payload, cut } = event
  return {
    model: asText(payload['model']) ?? call.model,
    reply: {
      text: asText(payload['text']) ?? '',
      largeText: largeIn(event, 'text'),
      toolCalls: cut?.['toolCalls'] ? undefined : asList(payload['toolCalls']).length,
      stopReason: asText(payload['stopReason']) ?? '',
      usage: readUsage(payload['usage']),
      seconds: asNumber(payload['seconds']),
    },
  }
}

function readToolRequest(event: EventLog): ToolCall {
  const { id, timestamp, payload } = event
  return {
    kind: 'tool',
    id,
    attempt: asNumber(payload['attempt']) ?? 1,
    at: timestamp,
    tool: asText(payload['tool']) ?? '',
    toolId: asText(payload['toolId']),
    input: payload['input'] ?? null,
    largeInput: largeIn(event, 'input'),
    secrets: [],
    isOver: false,
  }
}

function readToolResponse(event: EventLog): Partial<ToolCall> {
  const { payload, cut } = event
  return {
    isOver: true,
    output: payload['output'],
    largeOutput: largeIn(event, 'output'),
    error: asText(payload['error']) ?? cut?.['error']?.preview,
    seconds: asNumber(payload['seconds']),
  }
}

function readSecret(payload: JsonObject): string {
  return `${asText(payload['name'])} to ${asText(payload['host'])}`
}

function largeIn({ runId = '', id, cut }: EventLog, field: string): Large | undefined {
  return largeOf(cut?.[field], { of: 'event', runId, id, field })
}

function asList(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : []
}
