import type { Route } from '../lib/route.ts';
import { AllHooks } from './hooks/all.tsx';
import { OneHook } from './hooks/one.tsx';
import type { Screen } from './screen.ts';

/** What came to each webhook, and why it was refused. */
export const hooksScreen: Screen = {
  ...{ name: 'hooks', title: 'Hooks', key: 'h', group: 'operators' },
  View: ({ route }: { route: Route }) =>
    route.rest === '' ? <AllHooks route={route} /> : <OneHook name={route.rest} route={route} />,
};
