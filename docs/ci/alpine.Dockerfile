# consign beside Node and a shell, for packages whose lifecycle scripts have to run. The binary is glibc's, linked
# statically, and runs on musl as it is. First build the image of scratch.Dockerfile under the name `consign`.
FROM consign AS consign

FROM node:24-alpine
COPY --from=consign /consign /usr/local/bin/consign
WORKDIR /package
ENTRYPOINT ["consign"]
