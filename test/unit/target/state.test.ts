import { expect, it } from 'vitest';
import { stateOf, type TargetState } from '../../../src/target/state.ts';

const idle = { wish: { paused: false, disabled: null }, underWay: 0, retryAt: null, waiting: 0 };

it.each<[TargetState, Partial<Parameters<typeof stateOf>[0]>]>([
  ['idle', {}],
  ['holding', { waiting: 1 }],
  ['retrying', { waiting: 1, retryAt: 7 }],
  ['delivering', { waiting: 2, retryAt: 7, underWay: 1 }],
  ['paused', { waiting: 2, underWay: 1, wish: { paused: true, disabled: null } }],
  ['disabled', { waiting: 2, wish: { paused: true, disabled: 'status 410' } }],
])('is %s for %j', (state, more) => {
  expect(stateOf({ ...idle, ...more })).toBe(state);
});
