# The image holds one static binary and nothing else: no shell, no libc, no package to patch.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# Built twice: once to count under a load what is run most, and once by those counts.
RUN RUSTFLAGS="-C target-feature=+crt-static" benches/profile/build.sh && cp target/profiled/last4 /last4

FROM scratch
COPY --from=build /last4 /last4
# Nobody: last4 needs no privilege, no home and no writable file.
USER 65534:65534
# Inside a container loopback is nobody's; the operator's listener stays on it.
ENV LAST4_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s CMD ["/last4", "healthcheck"]
ENTRYPOINT ["/last4"]
CMD ["serve"]
