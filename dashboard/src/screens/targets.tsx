import type { Route } from '../lib/route.ts';
import type { Screen } from './screen.ts';
import { AllTargets } from './targets/all.tsx';
import { OneTarget } from './targets/one.tsx';

/** The tools that the gateway triggers: how far each is, what it answered, and what can be done. */
export const targetsScreen: Screen = {
  ...{ name: 'targets', title: 'Targets', key: 't', group: 'operators' },
  View: ({ route }: { route: Route }) =>
    route.rest === '' ? <AllTargets route={route} /> : <OneTarget name={route.rest} route={route} />,
};
