import { goTo } from '../../app/route.ts';
import { hrefOf, type Route } from '../../lib/route.ts';

/** The orders, by their name in the address. Of the gateway's own names, `sort` and `order`. */
const orders = {
  newest: { words: 'Moved last', sort: 'updated', order: 'desc' },
  name: { words: 'Name', sort: 'name', order: 'asc' },
  version: { words: 'Highest version', sort: 'semver', order: 'desc' },
} as const;

/** `sort` and `order` of a query. Default: what moved last comes first. */
export function orderOf(query: URLSearchParams): { readonly sort: string; readonly order: string } {
  const asked = query.get('order');
  const { sort, order } = asked === 'name' || asked === 'version' ? orders[asked] : orders.newest;
  return { sort, order };
}

/** Which tags are listed, and in which order. Both stand in the address. */
export function TagFilter({ route }: { route: Route }) {
  const change = (name: string, value: string) => {
    const query = new URLSearchParams(route.query);
    query.delete('cursor');
    if (value === '') query.delete(name);
    else query.set(name, value);
    goTo(hrefOf(route.screen, route.rest, query), true);
  };
  return (
    <form class="filter" onSubmit={(event) => event.preventDefault()}>
      <div>
        <label for="tag">Tag</label>
        <input
          {...{ id: 'tag', type: 'text', spellcheck: false, autocomplete: 'off', autocapitalize: 'off' }}
          placeholder="1.27*, semver:^1.27"
          value={route.query.get('tag') ?? ''}
          onChange={(event) => change('tag', event.currentTarget.value.trim())}
        />
      </div>
      <div>
        <label for="order">Order</label>
        <select
          id="order"
          value={route.query.get('order') ?? 'newest'}
          onChange={(event) => change('order', event.currentTarget.value)}
        >
          {Object.entries(orders).map(([name, { words }]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
      </div>
    </form>
  );
}
