import { Component, type ComponentChildren } from 'preact';
import { useGradualRows } from './use-gradual-rows.ts';

/** One column of a table. */
export interface Column<T> {
  readonly head: string;
  readonly cell: (row: T) => ComponentChildren;
  /** `number`: to the right. `grow`: takes the room that is left. `name`: heads its row. Default: as wide as it needs. */
  readonly kind?: 'number' | 'grow' | 'name';
  /** Its class, for a layout of its own. */
  readonly name?: string;
  /** Left out where the screen is not as wide. Default: always shown. */
  readonly from?: 'medium' | 'wide';
  /** Width in the table, in rem. Default: as `kind` says. */
  readonly width?: number;
}

export interface TableProps<T> {
  /** Read out before the table. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** Its class, for a layout of its own. */
  readonly name?: string;
}

/** Most rows of one table: what is beyond comes page by page from the gateway. */
export const maxRows = 500;

/** A real table. Where the screen is narrow each row becomes a short list, with the heads as labels. */
export function Table<T>({ caption, columns, rows, keyOf, name }: TableProps<T>) {
  const all = rows.length > maxRows ? rows.slice(0, maxRows) : rows;
  const drawn = useGradualRows(all, keyOf);
  return (
    <table class={name} aria-busy={drawn.length < all.length}>
      <caption class="off-screen">{caption}</caption>
      <colgroup>
        {columns.map(({ head, width, from = '' }) => (
          <col key={head} class={from} style={width === undefined ? {} : { width: `${width}rem` }} />
        ))}
      </colgroup>
      <thead>
        <tr>
          {columns.map(({ head, kind = '', from = '' }) => (
            <th key={head} scope="col" class={`${kind} ${from}`}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {drawn.map((row) => (
          <Row key={keyOf(row)} row={row} columns={columns} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps<T> {
  readonly row: T;
  readonly columns: readonly Column<T>[];
}

/** Drawn once for each row and set of columns: hundreds of rows stay as they are when one comes. */
class Row<T> extends Component<RowProps<T>> {
  override shouldComponentUpdate(next: RowProps<T>): boolean {
    return next.row !== this.props.row || next.columns !== this.props.columns;
  }

  override render({ row, columns }: RowProps<T>) {
    return (
      <tr>
        {columns.map(({ head, cell, kind = '', from = '', name = '' }) => {
          const Cell = kind === 'name' ? 'th' : 'td';
          const scope = kind === 'name' ? { scope: 'row' as const } : {};
          return (
            <Cell key={head} {...scope} class={`${kind} ${from} ${name}`} data-label={head}>
              {cell(row)}
            </Cell>
          );
        })}
      </tr>
    );
  }
}
