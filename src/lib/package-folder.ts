/** The folder of this package: two levels up, and one more in the build (`dist/src/lib`). */
export const packageFolder = new URL(import.meta.url.endsWith('.ts') ? '../..' : '../../..', import.meta.url);
