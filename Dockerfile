# Two images of one build. `serve` is the program and the libraries that it needs: no shell, nobody's home, nothing to write to.
# `retrain` is Debian with deploy/retrain.sh, which is a shell script.
#
#   docker build -t churnwatch:0.1.0 .
#   docker build -t churnwatch-retrain:0.1.0 --target retrain .
#   docker build --target sbom --output . .            what is in them: churnwatch.cdx.json
#   docker run --rm churnwatch:0.1.0 completions bash  for the shell in which the image is run
#
# Dependencies are built in a layer of their own, so that a change of the source does not build them again.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc g++ make cmake perl && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY benches benches
RUN mkdir src && echo '//! empty' > src/lib.rs && echo 'fn main() {}' > src/main.rs && cargo build --release --locked && rm -rf src
COPY src src
COPY models models
COPY deploy/playbook.toml deploy/playbook.toml
RUN touch src/lib.rs src/main.rs && cargo build --release --locked

FROM rust:1.95-slim-bookworm AS bill
RUN apt-get update && apt-get install -y --no-install-recommends jq && rm -rf /var/lib/apt/lists/*
RUN cargo install cargo-cyclonedx --version 0.5.9 --locked
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY deploy/sbom.sh deploy/sbom.sh
RUN mkdir src && echo '//! empty' > src/lib.rs && echo 'fn main() {}' > src/main.rs && deploy/sbom.sh churnwatch.cdx.json

FROM scratch AS sbom
COPY --from=bill /build/churnwatch.cdx.json /

FROM debian:bookworm-slim AS retrain
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home churnwatch
COPY --from=build /build/target/release/churnwatch /usr/local/bin/churnwatch
COPY --from=bill /build/churnwatch.cdx.json /usr/share/doc/churnwatch/
COPY deploy/retrain.sh /usr/local/bin/retrain.sh
USER 10001:10001
# A model is written beside its place and renamed, so only the folder of the reports must be writable.
ENTRYPOINT ["/usr/local/bin/retrain.sh"]

FROM gcr.io/distroless/cc-debian12:nonroot AS serve
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="churnwatch" \
      org.opencontainers.image.description="Tells a shop, while there is still time, which customers are slipping away" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /build/target/release/churnwatch /usr/local/bin/churnwatch
COPY --from=bill /build/churnwatch.cdx.json /usr/share/doc/churnwatch/
USER 10001:10001
# Probes and metrics, without customer data, for whoever runs the container.
ENV CHURNWATCH_HTTP__ADMIN_LISTEN=0.0.0.0:9090
EXPOSE 9090
ENTRYPOINT ["/usr/local/bin/churnwatch"]
CMD ["serve"]
