/**
 * Which scopes a token must have. The registry knows: behind a proxy, with a path before the name, or at registries
 * like ECR Public (`aws`) it wants others than the usual `repository:NAME:pull`, and names them in its challenge
 * (distribution-spec, "token authentication").
 */
import { BoundedMap } from '../lib/bounded-map.ts';

/** Scopes that one token may have; a challenge that names more is not believed. */
export const maxScopes = 8;
const maxScopeLength = 512;
/** RFC 6749, 3.3: `scope-token`. */
const scopeGrammar = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** The scopes in a challenge's `scope`; none if it has none, or more than a token should need. */
export function scopesIn(text: string | null): readonly string[] {
  const scopes = [...new Set((text ?? '').split(' ').filter((scope) => scope !== ''))];
  const isUsable = (scope: string) => scope.length <= maxScopeLength && scopeGrammar.test(scope);
  return scopes.length <= maxScopes && scopes.every(isUsable) ? scopes : [];
}

/**
 * Remembers what challenges named. `usual` scopes are what requests come with; each belongs to one repository, so no
 * repository ever gets what another one's challenge named.
 */
export class TokenScopes {
  /** By usual scope. None: only a challenge tells. */
  readonly #named: BoundedMap<string, readonly string[]>;
  /** Whether the last challenge wanted what is usual, so that the next repository's may be guessed. */
  #isUsual = true;

  /** @param max usual scopes remembered */
  constructor(max: number) {
    this.#named = new BoundedMap(max);
  }

  /** What a token needs; null: not known, so that a request without one must find out. */
  of(usual: string): readonly string[] | null {
    const named = this.#named.get(usual);
    if (named === undefined) return this.#isUsual ? [usual] : null;
    return named.length === 0 ? null : named;
  }

  /**
   * What a token needs after this challenge. Requests of one repository can need different scopes (to list tags, to
   * pull), so what it named before still counts.
   */
  heard(usual: string, challenge: string | null): readonly string[] {
    const asked = scopesIn(challenge);
    const known = this.#named.get(usual) ?? [];
    if (known.length === 0 && asked.every((scope) => includes(usual, scope))) {
      this.#isUsual = true;
      this.#named.delete(usual);
      return [usual];
    }
    const all = [...new Set([...known, ...asked])];
    const needed = all.length > maxScopes ? asked : all;
    this.#isUsual = false;
    this.#named.renew(usual, needed);
    return needed;
  }

  /** The token service refused them: the registry must name them again. */
  refused(usual: string): void {
    this.#named.renew(usual, []);
  }
}

/** Whether a token for `wider` also permits `scope`: the same resource, and no other actions. */
function includes(wider: string, scope: string): boolean {
  const [resource, actions] = splitActions(wider);
  const [other, needed] = splitActions(scope);
  return resource === other && needed.every((action) => actions.includes(action));
}

function splitActions(scope: string): readonly [resource: string, actions: readonly string[]] {
  const colon = scope.lastIndexOf(':');
  return colon === -1 ? [scope, []] : [scope.slice(0, colon), scope.slice(colon + 1).split(',')];
}
