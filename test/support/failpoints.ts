/**
 * Arms one failpoint of the process that loads this first. `FAILPOINT=sqlite.before-commit:3 node --import
 * ./test/support/failpoints.ts src/main.ts serve` kills the process with SIGKILL when it reaches that place for
 * the third time (without a number: the first time).
 */
const [name, nth = '1'] = (process.env.FAILPOINT ?? '').split(':');
let left = Number(nth);

Object.assign(globalThis, {
  [Symbol.for('manifeed.failpoints')]: (reached: string) => {
    if (reached !== name) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  },
});
