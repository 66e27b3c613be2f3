import { Link } from 'wouter'
import { useAbout } from '../../../api/session'
import { addresses } from '../../../app/addresses'
import { assetPage, backfillPage } from '../../../app/dagster'
import { partitionKind } from '../../../graph/assets'
import { Icon } from '../../../ui/icons'
import { useEditor } from '../../useEditor'

/** To what there is of the asset as it was published. */
export function AssetLinks() {
  const asset = useEditor((state) => state.saved.asset)
  const { data: about } = useAbout()
  if (!asset || !about) return null
  return (
    <div className="row row-wrap">
      <DagsterLink to={assetPage(about.dagsterUrl, asset.key)}>Open in Dagster</DagsterLink>
      {partitionKind(asset.partitions) !== 'none' && (
        <DagsterLink to={backfillPage(about.dagsterUrl, asset.key)}>Backfill …</DagsterLink>
      )}
      <Link className="button button-small" href={addresses.runs({ asset: asset.key })}>
        Runs
      </Link>
    </div>
  )
}

function DagsterLink({ to, children }: { to: string; children: string }) {
  return (
    <a className="button button-small" href={to} target="_blank" rel="noopener">
      {children}
      <Icon name="outside" size={12} />
      <span className="visually-hidden">, opens Dagster in a new tab</span>
    </a>
  )
}
