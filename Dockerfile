# The styles and scripts, which the program embeds.
FROM node:22-bookworm-slim AS assets
WORKDIR /build
COPY script/assets script/assets
COPY assets assets
RUN script/assets

# The program. The system's libpq brings TLS to PostgreSQL.
FROM rust:1.95-bookworm AS program
RUN apt-get update \
 && apt-get install -y --no-install-recommends libpq-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY migrations migrations
COPY apps apps
COPY --from=assets /build/assets/dist assets/dist
RUN cargo build --release --locked --package smokex --no-default-features

# What is delivered.
FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libpq5 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --home-dir /srv/smokex --create-home smokex \
 && install -d -o smokex -g smokex -m 700 /srv/smokex/var
COPY --from=program /build/target/release/smokex /usr/local/bin/smokex
USER smokex
WORKDIR /srv/smokex
ENV LISTEN=0.0.0.0:8080 LOG_FORMAT=json
VOLUME /srv/smokex/var
EXPOSE 8080
ENTRYPOINT ["smokex"]
CMD ["serve"]
