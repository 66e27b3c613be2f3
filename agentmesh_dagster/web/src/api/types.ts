/** The entities of the API, as `schema.d.ts` has them: that file is made from the API's OpenAPI document by
 *  `npm run types`. Where it says `unknown`, any JSON may stand. */
import type { components } from './schema'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }
/** A JSON Schema, draft 2020-12. */
export type JsonSchema = JsonObject

type Known<Value> = unknown extends Value
  ? Json
  : Value extends readonly (infer Item)[]
    ? Known<Item>[]
    : Value extends object
      ? { [Name in keyof Value]: Known<Value[Name]> }
      : Value

type Schemas = components['schemas']

export type NodeType = Schemas['NodeType']
export type RunStatus = Schemas['RunStatus']
export type StepStatus = Schemas['StepStatus']
export type ModelProvider = Schemas['ModelProvider']
export type ToolType = Schemas['ToolType']
export type Types = Known<Schemas['Types']>
export type NodeTypeInfo = Types['nodes'][number]
export type ToolTypeInfo = Types['tools'][number]
export type EdgesInfo = NodeTypeInfo['edges'][number]
export type ProviderInfo = Types['providers'][number]
export type TriggerTypeInfo = Types['triggers'][number]
export type Region = Known<Schemas['Region']>
/** What is played round by round, as the server says. */
export type Loop = Known<Schemas['Loop']>
export type Repeats = Known<Schemas['Repeats']>
export type Permission = Schemas['Permission']
export type CatalogueKind = 'projects' | 'agents' | 'tools' | 'workflows'

export type Project = Known<Schemas['Project']>
export type Budget = Known<Schemas['Budget']>
export type BudgetUse = Known<Schemas['BudgetUse']>
export type Agent = Known<Schemas['Agent']>
export type ToolConfig = Known<Schemas['ToolConfig']>
export type Tool = Known<Schemas['Tool']>
/** Its label '' shows the id. */
export type GraphNode = Known<Schemas['Node']>
export type GraphEdge = Known<Schemas['Edge']>
export type WorkflowGraph = Known<Schemas['WorkflowGraph']>
export type Workflow = Known<Schemas['Workflow']>
/** As lists have it: with its Dagster job, and why there is none. */
export type ListedWorkflow = Known<Schemas['ListedWorkflow']>
export type WorkflowJob = Known<Schemas['WorkflowJob']>
export type WorkflowSchemas = Known<Schemas['WorkflowSchemas']>
export type NodeSchemas = WorkflowSchemas['nodes'][string]
export type TriggerHistory = Known<Schemas['TriggerHistory']>
export type TriggerOutcome = Known<Schemas['TriggerOutcome']>
export type Hook = Known<Schemas['Hook']>
export type CreatedHook = Known<Schemas['CreatedHook']>
export type HookSignature = Known<Schemas['HookSignature']>
export type NewHook = Pick<Hook, 'projectId' | 'name' | 'eventName'> & { signature?: HookSignature }
export type Trigger = Workflow['triggers'][number]
/** A draft as the server keeps it; its entity may hold issues. */
export type StoredDraft = Known<Schemas['Draft']>
export type ListedDraft = Known<Schemas['ListedDraft']>
export type Revision = Known<Schemas['Revision']>

export type Run = Known<Schemas['Run']>
export type Step = Known<Schemas['Step']>
export type EventLog = Known<Schemas['EventLog']>
export type EventType = Schemas['EventType']
/** What came instead of a large value: how long its JSON text is, and how it begins. */
export type Cut = Schemas['CutValue']
/** What a run is pinned to. */
export type PinnedWorkflow = Known<Schemas['PinnedWorkflow']>
/** A gate as it was asked, and closed, before it was asked anew. */
export type PastAsking = Known<Schemas['Asking']>
/** How the same node asked in a round before. */
export type AskedRound = Known<Schemas['AskedRound']>
export type Gate = Known<Schemas['Gate']>
export type GateState = Gate['state']

/** Only `code` and `message` are always there. */
export type Issue = Pick<Schemas['Issue'], 'code' | 'message'> & Partial<Schemas['Issue']>

/** An asset that a code location defines. */
export type ListedAsset = Schemas['ListedAsset']

export type ModelUse = Schemas['ModelUse']
export type ProjectOverview = Schemas['ProjectOverview']
export type Use = Schemas['Use']
export type RegisteredFunction = Schemas['Function']
export type Declared = Schemas['Declared']
export type AgentReply = Known<Schemas['AgentReply']>
export type Session = Schemas['Session']
export type About = Schemas['About']

export interface Page<Item> {
  items: Item[]
  nextCursor?: string
  /** Sentences on entities that are there and cannot be read. */
  faults?: string[]
}
