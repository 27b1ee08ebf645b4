/**
 * `node --import ./test/support/signal-while-loading.ts src/main.ts …` sends itself SIGTERM when it loads
 * `src/gateway.ts`, in the middle of the program's loading.
 */
import { registerHooks } from 'node:module';

registerHooks({
  load(url, context, next) {
    if (url.endsWith('/src/gateway.ts')) process.kill(process.pid, 'SIGTERM');
    return next(url, context);
  },
});
