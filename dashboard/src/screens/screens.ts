/** All screens, in the order of the navigation. A new one is a file here, and its line in this list. */
import { changesScreen } from './changes.tsx';
import { connectScreen } from './connect.tsx';
import { nowScreen } from './now.tsx';
import { repositoriesScreen } from './repositories.tsx';
import { repositoryScreen } from './repository.tsx';
import type { Screen } from './screen.ts';
import { tagScreen } from './tag.tsx';

export const screens: readonly Screen[] = [
  nowScreen,
  changesScreen,
  repositoriesScreen,
  connectScreen,
  repositoryScreen,
  tagScreen,
];
