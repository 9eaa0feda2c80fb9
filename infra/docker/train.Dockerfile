# Training worker on CUDA 12. Build from the repository's root:
#   docker build -f infra/docker/train.Dockerfile -t REGISTRY/rgsweep-train:TAG .
# CUDA's libraries come with the backend's wheels; the driver comes from the node (NVIDIA container toolkit).
# BACKEND_FLAGS= builds the CPU backend instead, for machines without a GPU.
ARG NODE_IMAGE=node:22-bookworm
ARG NODE_SLIM_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS build
ARG BACKEND_FLAGS=--cuda
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs
RUN RGSWEEP_HOME=/opt/rgsweep node dist/src/cli/main.js backend install tensorflow ${BACKEND_FLAGS}
RUN npm prune --omit=dev --no-audit --no-fund

FROM ${NODE_SLIM_IMAGE}
ENV NODE_ENV=production RGSWEEP_HOME=/opt/rgsweep \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /app
COPY --from=build /opt/rgsweep /opt/rgsweep
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
RUN mkdir -p /var/cache/rgsweep && chown 10001:10001 /var/cache/rgsweep
USER 10001:10001
EXPOSE 9464 9465
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/src/cli/main.js"]
CMD ["worker", "--role", "train", "--cache", "/var/cache/rgsweep", "--metrics-port", "9464"]
