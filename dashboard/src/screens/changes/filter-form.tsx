import { goTo } from '../../app/route.ts';
import { type ChangeFilter, isEmptyFilter, listOf, queryOf } from '../../lib/change-filter.ts';
import { hrefOf, type Route } from '../../lib/route.ts';

/** The types that can be chosen: the gateway's name, and ours. */
const types = [
  ['', 'Tags: all'],
  ['tag.created', 'Tags: created'],
  ['tag.updated', 'Tags: moved'],
  ['tag.deleted', 'Tags: deleted'],
  ['manifest.*', 'Manifests'],
  ['*', 'Everything'],
] as const;

/** Narrows what a screen shows. What is chosen goes into the address, so that it can be kept and sent. */
export function ChangeFilterForm({ route, filter }: { route: Route; filter: ChangeFilter }) {
  const apply = (part: Partial<ChangeFilter>) =>
    goTo(hrefOf(route.screen, '', queryOf({ ...filter, ...part })), true);
  const clear = ({ detail }: MouseEvent) => {
    apply({ repository: [], tag: [], type: [] });
    // The button goes. Who pressed it by keyboard goes on in the first field.
    if (detail === 0) document.getElementById('repository')?.focus();
  };
  return (
    <form class="filter" onSubmit={(event) => event.preventDefault()}>
      <Field
        {...{ name: 'repository', label: 'Repository', values: filter.repository, isBroad: true }}
        placeholder="nginx, ghcr.io/team/*"
        onChange={(repository) => apply({ repository })}
      />
      <Field
        {...{ name: 'tag', label: 'Tag', values: filter.tag, isBroad: false }}
        placeholder="1.27*, semver:^1.27"
        onChange={(tag) => apply({ tag })}
      />
      <div>
        <label for="type">What</label>
        <select
          id="type"
          value={filter.type[0] ?? ''}
          onChange={({ currentTarget: { value } }) => apply({ type: value === '' ? [] : [value] })}
        >
          {types.map(([type, words]) => (
            <option key={type} value={type}>
              {words}
            </option>
          ))}
        </select>
      </div>
      {/* A field says what changed at Enter, and when it is left: the button takes the focus from it. */}
      <button type="button" class="button">
        Apply
      </button>
      {/* Its place is kept, so that nothing moves when it comes. */}
      <button type="button" class={`button ${isEmptyFilter(filter) ? 'unseen' : ''}`} onClick={clear}>
        Clear
      </button>
    </form>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly values: readonly string[];
  readonly placeholder: string;
  readonly isBroad: boolean;
  readonly onChange: (values: readonly string[]) => void;
}

/** Takes several values, with commas between them. */
function Field({ name, label, values, placeholder, isBroad, onChange }: FieldProps) {
  return (
    <div class={isBroad ? 'broad' : ''}>
      <label for={name}>{label}</label>
      <input
        {...{ id: name, type: 'text', spellcheck: false, autocomplete: 'off', autocapitalize: 'off' }}
        placeholder={placeholder}
        value={values.join(', ')}
        onChange={(event) => onChange(listOf(event.currentTarget.value))}
      />
    </div>
  );
}
