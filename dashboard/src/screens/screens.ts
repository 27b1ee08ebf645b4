/** All screens, in the order of the navigation. A new one is a file here, and its line in this list. */
import { changesScreen } from './changes.tsx';
import { connectScreen } from './connect.tsx';
import { hooksScreen } from './hooks.tsx';
import { nowScreen } from './now.tsx';
import { paceScreen } from './pace.tsx';
import { registriesScreen } from './registries.tsx';
import { repositoriesScreen } from './repositories.tsx';
import { repositoryScreen } from './repository.tsx';
import type { Screen } from './screen.ts';
import { subscribersScreen } from './subscribers.tsx';
import { tagScreen } from './tag.tsx';
import { targetsScreen } from './targets.tsx';

export const screens: readonly Screen[] = [
  nowScreen,
  changesScreen,
  repositoriesScreen,
  connectScreen,
  registriesScreen,
  hooksScreen,
  targetsScreen,
  subscribersScreen,
  paceScreen,
  repositoryScreen,
  tagScreen,
];
