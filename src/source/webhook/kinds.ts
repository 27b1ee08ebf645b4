/** The table of kinds: adding one is a file under `kinds/` and a line here. */
import type { WebhookKind } from './kind.ts';
import { distribution } from './kinds/distribution.ts';
import { gitlab } from './kinds/gitlab.ts';
import { manifeed } from './kinds/manifeed.ts';

const all: readonly WebhookKind[] = [distribution, gitlab, manifeed];

/** By name, as in the configuration. */
export const kinds: ReadonlyMap<string, WebhookKind> = new Map(all.map((kind) => [kind.name, kind]));
