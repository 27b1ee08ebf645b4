/** `manifeed-client/node`: what needs a file system, so that no page loads it. Runs on Deno and Bun too. */
export { fileStore } from './file-store.ts';
