//! Environment variables that Kubernetes and Docker inject for each service a container may call.
//!
//! Those of a service named `last4` or `last4-metrics` start with `LAST4_` too. They are ignored:
//! as unknown keys they would keep the program from starting.

/// Returns whether a variable, named without `LAST4_`, has the form of an injected one.
pub(in crate::config) fn is_injected(key: &str, value: &str) -> bool {
    // The rest of the service's name comes first, which may be empty.
    let ends_in = |form: &str| key == form || key.strip_suffix(form).is_some_and(|name| name.ends_with('_'));
    let is_service =
        ends_in("SERVICE_HOST") || ends_in("SERVICE_PORT") || rests(key, "SERVICE_PORT_").any(|port| !port.is_empty());
    let is_port = (ends_in("PORT") && is_link(value)) || rests(key, "PORT_").any(is_port);
    // `docker run --link`: the name of the other container, and each of its own variables.
    let is_docker_link = (ends_in("NAME") && value.starts_with('/')) || rests(key, "ENV_").any(|name| !name.is_empty());
    is_service || is_port || is_docker_link
}

/// Returns the rest of the key after each `form` at its start or after an underscore.
fn rests<'a>(key: &'a str, form: &'a str) -> impl Iterator<Item = &'a str> {
    let matches = key.match_indices(form).filter(move |(at, _)| *at == 0 || key.as_bytes().get(at - 1) == Some(&b'_'));
    matches.filter_map(move |(at, _)| key.get(at + form.len()..))
}

/// `tcp://10.0.0.1:80`, with any protocol of a service.
fn is_link(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

/// `8080_TCP`, or one of its attributes, such as `8080_TCP_ADDR`.
fn is_port(rest: &str) -> bool {
    let mut parts = rest.split('_');
    let number = parts.next().is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let protocol = parts.next().is_some_and(|part| matches!(part, "TCP" | "UDP" | "SCTP"));
    // Docker names both ends of a range: `PORT_80_TCP_START`.
    let attribute = parts.next().is_none_or(|part| matches!(part, "ADDR" | "PORT" | "PROTO" | "START" | "END"));
    number && protocol && attribute
}
