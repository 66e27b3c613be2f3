import { useAbout } from '../api/session'
import { assetPage } from '../app/dagster'
import { Icon } from '../ui/icons'

interface Props {
  asset: string
  partition?: string
}

/** The asset that a run makes and which partition of it, with Dagster's page of both. */
export function AssetLink({ asset, partition }: Props) {
  const { data: about } = useAbout()
  const name = describeMade(asset, partition)
  if (!about) return <span className="chip">{name}</span>
  return (
    <a
      className="chip chip-link"
      href={assetPage(
        about.dagsterUrl,
        asset,
        partition === undefined ? {} : { view: 'partitions', partition },
      )}
      target="_blank"
      rel="noopener"
      title="See it in Dagster"
    >
      <span className="truncate" dir="auto">
        {name}
      </span>
      <Icon name="outside" size={12} />
      <span className="visually-hidden">, opens Dagster in a new tab</span>
    </a>
  )
}

/** `ai/brief · 2026-11-01` */
export function describeMade(asset: string, partition: string | undefined): string {
  return partition === undefined ? asset : `${asset} · ${partition}`
}
