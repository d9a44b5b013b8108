//! Recognizes environment variables that Kubernetes and Docker inject into containers. They name
//! the addresses of services.
//!
//! For a service named `last4` or `last4-metrics`, these variables also start with `LAST4_`. They
//! are ignored. Otherwise they would be unknown keys, and the program would not start.

/// Returns whether a variable has the form of an injected one. `key` is its name without `LAST4_`.
pub(in crate::config) fn is_injected(key: &str, value: &str) -> bool {
    // The key may start with the rest of the service's name: for `last4-metrics` with `METRICS_`,
    // for `last4` with nothing.
    let ends_in = |form: &str| key == form || key.strip_suffix(form).is_some_and(|name| name.ends_with('_'));
    let is_service =
        ends_in("SERVICE_HOST") || ends_in("SERVICE_PORT") || rests(key, "SERVICE_PORT_").any(|port| !port.is_empty());
    let is_port = (ends_in("PORT") && is_link(value)) || rests(key, "PORT_").any(is_port);
    // `docker run --link` injects the name of the linked container, and a copy of each of its
    // environment variables.
    let is_docker_link = (ends_in("NAME") && value.starts_with('/')) || rests(key, "ENV_").any(|name| !name.is_empty());
    is_service || is_port || is_docker_link
}

/// Finds `form` at the start of the key and after each underscore. Returns the rest of the key
/// after each match.
fn rests<'a>(key: &'a str, form: &'a str) -> impl Iterator<Item = &'a str> {
    let matches = key.match_indices(form).filter(move |(at, _)| *at == 0 || key.as_bytes().get(at - 1) == Some(&b'_'));
    matches.filter_map(move |(at, _)| key.get(at + form.len()..))
}

/// Returns whether the value is a service's URL, such as `tcp://10.0.0.1:80`.
fn is_link(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

/// Returns whether the text is a port, such as `8080_TCP`, or an attribute of a port, such as
/// `8080_TCP_ADDR`.
fn is_port(rest: &str) -> bool {
    let mut parts = rest.split('_');
    let number = parts.next().is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let protocol = parts.next().is_some_and(|part| matches!(part, "TCP" | "UDP" | "SCTP"));
    // Docker injects `START` and `END` for a range of ports: `PORT_80_TCP_START`.
    let attribute = parts.next().is_none_or(|part| matches!(part, "ADDR" | "PORT" | "PROTO" | "START" | "END"));
    number && protocol && attribute
}
