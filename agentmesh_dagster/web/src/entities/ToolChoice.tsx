import { Link } from 'wouter'
import { useEveryEntity } from '../api/catalogue'
import { addresses } from '../app/addresses'
import { agentField } from '../types/types'
import { Combobox } from '../ui/Combobox'
import { Field } from '../ui/Field'
import { Icon } from '../ui/icons'

interface Props {
  projectId: string
  /** Tool ids, in the order in which the model is told of them. */
  chosen: readonly string[]
  fault?: string
  onChange: (toolIds: string[]) => void
}

/** Which tools a model may call: those of its own project come first. */
export function ToolChoice({ projectId, chosen, fault, onChange }: Props) {
  const tools = useEveryEntity('tools').data ?? []
  const names = new Map(tools.map((tool) => [tool.id, tool.name]))
  const options = tools
    .filter((tool) => !chosen.includes(tool.id))
    .toSorted((a, b) => Number(b.projectId === projectId) - Number(a.projectId === projectId))
    .map((tool) => ({ value: tool.id, label: tool.name, detail: tool.description ?? tool.type }))
  return (
    <Field label="Tools" hint={agentField('tools')?.hint} fault={fault}>
      {(field) => (
        <div>
          {chosen.length > 0 && (
            <ul className="picked plain">
              {chosen.map((id) => (
                <li key={id} className="picked-one">
                  <Link href={addresses.tool(id)} className="truncate" dir="auto">
                    {names.get(id) ?? id}
                  </Link>
                  <button
                    type="button"
                    className="button button-quiet button-small button-icon"
                    aria-label={`Take ${names.get(id) ?? id} away`}
                    onClick={() => onChange(chosen.filter((one) => one !== id))}
                  >
                    <Icon name="cross" size={13} />
                  </button>
                </li>
              ))}
            </ul>
          )}
          <Combobox
            {...field}
            options={options}
            value=""
            placeholder={tools.length > 0 ? 'Add a tool' : 'There are no tools yet'}
            onChange={(id) => id && onChange([...chosen, id])}
          />
        </div>
      )}
    </Field>
  )
}
