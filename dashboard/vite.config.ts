/** Builds the dashboard into `dist/ui`: files with relative URLs, which need nothing but the gateway above them. */
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

/** Where `npm run dev:dashboard` finds a gateway. */
const gateway = process.env.DASHBOARD_GATEWAY ?? 'http://127.0.0.1:8080';
const proxied = { target: gateway, ws: true };

/** Names the file of the screens in the page, so that the browser fetches it beside the first and not after it. */
const shellPreload: Plugin = {
  name: 'shell-preload',
  transformIndexHtml(_page, { bundle = {} }) {
    return Object.values(bundle)
      .filter((file) => file.type === 'chunk' && file.name === 'shell')
      .map(({ fileName }) => ({
        tag: 'link',
        attrs: { rel: 'modulepreload', crossorigin: true, href: `./${fileName}` },
        injectTo: 'head',
      }));
  },
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative, so that it works under any path that a proxy puts before it.
  base: './',
  plugins: [shellPreload],
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
