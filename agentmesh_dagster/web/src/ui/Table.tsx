import type { ReactNode } from 'react'
import './Table.css'

export interface Column<Row> {
  key: string
  head: string
  cell: (row: Row) => ReactNode
  /** Any CSS width; columns without one share the rest. */
  width?: string
  align?: 'end'
  /** Nothing to read in the head: a column of buttons. */
  isHeadHidden?: boolean
}

interface Props<Row> {
  /** What the table lists, for those who hear the page. */
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  keyOf: (row: Row) => string
}

/** A table of fixed columns, so that it does not jump when rows change. */
export function Table<Row>({ label, columns, rows, keyOf }: Props<Row>) {
  return (
    <div className="table-frame">
      <table className="table" aria-label={label}>
        <colgroup>
          {columns.map((column) => (
            <col key={column.key} width={column.width} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={column.align && 'table-end'}>
                <span className={column.isHeadHidden ? 'visually-hidden' : undefined}>{column.head}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <td
                  key={column.key}
                  className={column.align && 'table-end'}
                  data-head={column.isHeadHidden ? undefined : column.head}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface MoreProps {
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => unknown
}

/** The button below a list that has another page; fits what useInfiniteQuery gives. */
export function ShowMore({ list }: { list: MoreProps }) {
  if (!list.hasNextPage) return null
  return (
    <div className="table-more">
      <button
        type="button"
        className="button"
        disabled={list.isFetchingNextPage}
        onClick={() => void list.fetchNextPage()}
      >
        {list.isFetchingNextPage ? 'Loading …' : 'Show more'}
      </button>
    </div>
  )
}
