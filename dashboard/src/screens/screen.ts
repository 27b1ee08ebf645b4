import type { FunctionComponent } from 'preact';
import type { Route } from '../lib/route.ts';

/** A screen of the dashboard. One file each; `screens.ts` lists them. */
export interface Screen {
  /** Its name in the address: `#/changes`. */
  readonly name: string;
  /** In the navigation, and in the window's title. */
  readonly title: string;
  /** The letter that goes here after `g`. Null: it has none. */
  readonly key: string | null;
  /** Where the navigation lists it. `operators`: it needs a token with `admin`. Null: it is reached from others. */
  readonly group: 'users' | 'operators' | null;
  /** Listed first, above the groups. */
  readonly isFirst?: true;
  readonly View: FunctionComponent<{ route: Route }>;
}
