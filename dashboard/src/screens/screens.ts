/** All screens, in the order of the navigation. A new one is a file here, and its line in this list. */
import { nowScreen } from './now.tsx';
import { repositoryScreen } from './repository.tsx';
import type { Screen } from './screen.ts';
import { tagScreen } from './tag.tsx';

export const screens: readonly Screen[] = [nowScreen, repositoryScreen, tagScreen];
