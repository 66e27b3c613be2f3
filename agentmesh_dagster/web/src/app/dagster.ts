/** Where things are in Dagster's UI, below the address that the server names. No React. */

/** The page of an asset; `query` as its tabs have it: `partition`, `view`. */
export function assetPage(
  dagsterUrl: string,
  key: string,
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const path = key.split('/').map(encodeURIComponent).join('/')
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]))
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
  return `${dagsterUrl.replace(/\/$/, '')}/assets/${path}${search}`
}

/** Where partitions are chosen to be materialized together. */
export function backfillPage(dagsterUrl: string, key: string): string {
  return assetPage(dagsterUrl, key, { view: 'partitions' })
}

export function backfillRuns(dagsterUrl: string, backfillId: string): string {
  return `${dagsterUrl.replace(/\/$/, '')}/runs/b/${encodeURIComponent(backfillId)}`
}
