import type { Route } from '../lib/route.ts';
import { AllRegistries } from './registries/all.tsx';
import { OneRegistry } from './registries/one.tsx';
import type { Screen } from './screen.ts';

/** How polling goes: each registry, and in one each repository. */
export const registriesScreen: Screen = {
  ...{ name: 'registries', title: 'Registries', key: 'u', group: 'operators' },
  View: ({ route }: { route: Route }) =>
    route.rest === '' ? <AllRegistries /> : <OneRegistry registry={route.rest} />,
};
