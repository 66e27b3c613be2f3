import type { GraphNode } from '../../api/types'
import { followChange, groupBySection, isShown, summarizeFields } from '../../schema/fields'
import type { FormField } from '../../schema/fields'
import { nodeFields } from '../../types/types'
import { ConfigField } from './ConfigField'
import { FieldRows } from './FieldRows'
import { Section } from './Section'
import { useSetConfig } from './useConfig'

interface Props {
  node: GraphNode
  /** Whether these are the fields that come after what follows the node. */
  isLast?: boolean
}

/** A node's config, as the schema of its type says: the fields that count, and those needed less often in sections. */
export function ConfigForm({ node, isLast = false }: Props) {
  const { bare, sections } = groupBySection(nodeFields(node.type))
  return (
    <>
      {!isLast && <ConfigRows node={node} fields={bare} />}
      {sections
        .filter(({ section }) => (section.isLast ?? false) === isLast)
        .map(({ section, fields }) => {
          const summary = summarizeFields(fields, node.config)
          return (
            <Section
              key={section.title}
              title={section.title}
              places={fields.map(({ name }) => `config.${name}`)}
              isOpen={summary !== ''}
              summary={summary || section.unset}
            >
              <ConfigRows node={node} fields={fields} />
            </Section>
          )
        })}
    </>
  )
}

function ConfigRows({ node, fields }: { node: GraphNode; fields: readonly FormField[] }) {
  const set = useSetConfig(node.id)
  const all = nodeFields(node.type)
  return (
    <FieldRows fields={fields.filter((field) => isShown(field, all, node.config))}>
      {(field) => (
        <ConfigField
          key={field.name}
          node={node}
          field={field}
          place={`config.${field.name}`}
          value={node.config[field.name]}
          onChange={(value) => set(followChange(all, node.config, field.name, value))}
        />
      )}
    </FieldRows>
  )
}
