# An image that holds consign and nothing else. Build it in consign's own repository:
#
#   docker build -f docs/ci/scratch.Dockerfile -t consign .
#
# and publish the package in the working directory:
#
#   docker run --rm -v "$PWD:/package:ro" -e AWS_ACCESS_KEY_ID -e AWS_SECRET_ACCESS_KEY -e AWS_SESSION_TOKEN \
#     consign publish --ignore-scripts \
#     --registry https://my-domain-111122223333.d.codeartifact.eu-west-1.amazonaws.com/npm/my-repo/
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN RUSTFLAGS='-C target-feature=+crt-static' \
    cargo build --locked --release --target x86_64-unknown-linux-gnu

FROM scratch
COPY --from=build /src/target/x86_64-unknown-linux-gnu/release/consign /consign
WORKDIR /package
ENTRYPOINT ["/consign"]
