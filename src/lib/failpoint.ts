/**
 * Named places at which a test may end the process, or wait. A gateway never arms one: nothing in the
 * configuration, the environment or a request can. A test does it with a module that Node loads first
 * (`node --import`, see test/support/failpoints.ts), which also reaches worker threads.
 *
 * The idea is etcd's gofail: a kill at a random moment almost never meets the few microseconds between a commit
 * and its acknowledgement, so the moment gets a name.
 */
const slot = Symbol.for('manifeed.failpoints');

type Reach = (name: string) => void;

/** What a test put there before this module was loaded; in a gateway there is nothing. */
const reach = (globalThis as { [slot]?: Reach })[slot];

/** Says that the code has come to the place called `name`, for example `sqlite.before-commit`. */
export const failpoint: Reach = reach ?? (() => {});
