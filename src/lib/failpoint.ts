/**
 * Named places at which a test may end the process, or wait: a kill at a random moment almost never hits the few
 * microseconds between a commit and its acknowledgement. Only a module that Node loads first can arm one (`node
 * --import`, see test/support/failpoints.ts).
 */
const slot = Symbol.for('manifeed.failpoints');

type Reach = (name: string) => void;

/** Set by a test before this module loads; undefined in a gateway. */
const reach = (globalThis as { [slot]?: Reach })[slot];

/** Marks the place called `name`, for example `sqlite.before-commit`. */
export const failpoint: Reach = reach ?? (() => {});
