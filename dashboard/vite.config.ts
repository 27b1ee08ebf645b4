/** Builds the dashboard into `dist/ui`: files with relative URLs, which need nothing but the gateway above them. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Where `npm run dev:dashboard` finds a gateway. */
const gateway = process.env.DASHBOARD_GATEWAY ?? 'http://127.0.0.1:8080';
const proxied = { target: gateway, ws: true };

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative, so that it works under any path that a proxy puts before it.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: fileURLToPath(new URL('../dist/ui', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // The browsers that know light-dark(); without this it would be written out twice.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // A data: URL would need img-src data: in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host: '127.0.0.1', proxy: { '/v1': proxied, '/v2': proxied, '/readyz': proxied } },
});
