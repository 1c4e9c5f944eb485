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
RUN touch src/lib.rs src/main.rs && cargo build --release --locked

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home churnwatch
COPY --from=build /build/target/release/churnwatch /usr/local/bin/churnwatch
COPY deploy/retrain.sh /usr/local/bin/retrain.sh
USER 10001
# Probes and metrics, without customer data, for whoever runs the container.
ENV CHURNWATCH_HTTP__ADMIN_LISTEN=0.0.0.0:9090
EXPOSE 9090
ENTRYPOINT ["churnwatch"]
CMD ["serve"]
