//! Environment variables that Kubernetes and Docker give to every container for every service that it may call.
//!
//! A service named `last4` or `last4-metrics` gives some that begin as ours do. Taken for misspelt keys, they would keep the program
//! from starting.

/// Whether a variable, without `LAST4_`, has the form of one for a service, whatever that is called.
pub(in crate::config) fn is_injected(key: &str, value: &str) -> bool {
    // What stands behind the service's name, which may be nothing more than the prefix.
    let behind_name = |found: &str| key == found || key.strip_suffix(found).is_some_and(|name| name.ends_with('_'));
    let of_service = ["SERVICE_HOST", "SERVICE_PORT"].iter().any(|form| behind_name(form))
        || names_of(key, "SERVICE_PORT_").any(|port| !port.is_empty());
    let of_port = (behind_name("PORT") && is_link(value)) || names_of(key, "PORT_").any(is_port);
    // `docker run --link`: the name of the other container, and each variable of its own.
    let of_link = (behind_name("NAME") && value.starts_with('/')) || names_of(key, "ENV_").any(|name| !name.is_empty());
    of_service || of_port || of_link
}

/// What stands behind each `form` that begins a word.
fn names_of<'a>(key: &'a str, form: &'a str) -> impl Iterator<Item = &'a str> {
    let begins_word = move |at: usize| key.get(..at).is_some_and(|before| before.is_empty() || before.ends_with('_'));
    key.match_indices(form)
        .filter(move |(at, _)| begins_word(*at))
        .filter_map(move |(at, _)| key.get(at + form.len()..))
}

/// `tcp://10.0.0.1:80`, of each protocol that a service may have.
fn is_link(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

/// `8080_TCP`, and what is said of it: `8080_TCP_ADDR`.
fn is_port(behind: &str) -> bool {
    let mut words = behind.split('_');
    let number = words.next().is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    // Docker names a range by both its ends: `PORT_80_TCP_START`.
    let protocol = words.next().is_some_and(|word| matches!(word, "TCP" | "UDP" | "SCTP"));
    let said = words.next().is_none_or(|word| matches!(word, "ADDR" | "PORT" | "PROTO" | "START" | "END"));
    number && protocol && said
}
