# Control worker and command line. Build from the repository's root:
#   docker build -f infra/docker/control.Dockerfile -t REGISTRY/rgsweep-control:TAG .
# Pin the base by its digest for releases: --build-arg NODE_IMAGE=node:22-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs && npm prune --omit=dev --no-audit --no-fund

FROM ${NODE_IMAGE}
ENV NODE_ENV=production RGSWEEP_HOME=/opt/rgsweep
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY sweeps sweeps
COPY search-spaces search-spaces
RUN mkdir -p /opt/rgsweep /var/cache/rgsweep && chown 10001:10001 /var/cache/rgsweep
USER 10001:10001
EXPOSE 9464 9465
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/src/cli/main.js"]
CMD ["worker", "--role", "control", "--cache", "/var/cache/rgsweep", "--metrics-port", "9464"]
