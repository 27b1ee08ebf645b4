# Three stages: what compiles, what runs, and the image of the two. Install scripts stay off: better-sqlite3
# brings its prebuilt binaries in the package, and "prepare" would look for sources that are not there yet.
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
COPY client/package.json client/
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY client client
COPY dashboard dashboard
COPY scripts scripts
COPY src src
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
COPY client/package.json client/
# Without the workspace: the image has the gateway alone.
RUN npm ci --omit=dev --ignore-scripts --workspaces=false

FROM node:24-slim
ENV NODE_ENV=production
COPY --from=dependencies /build/node_modules /app/node_modules
COPY --from=build /build/dist /app/dist
COPY package.json LICENSE /app/
# The default ledger, ./data/manifeed.db, is relative to here.
WORKDIR /manifeed
RUN mkdir data && chown node:node data
VOLUME /manifeed/data
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/src/main.js"]
# Beyond loopback the gateway starts only with tokens, or with "access: open" written out.
CMD ["serve", "--listen", "0.0.0.0:8080"]
