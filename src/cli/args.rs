//! The flags of each command, and the configuration sources that they add.

use crate::config::Sources;
use crate::mask::Instructions;
use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand};
use http::Method;
use std::path::PathBuf;

/// A proxy that makes a legacy API reveal each secret once: lists show only prefix + last 4.
#[derive(Debug, Parser)]
#[command(name = "last4", version, max_term_width = 100, help_expected = true, after_help = TOP_HELP)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: CliCommand,
}

const TOP_HELP: &str = "\
Examples:
  last4 serve --upstream http://127.0.0.1:5001 --preset dify
  last4 check last4.toml
  last4 explain GET /console/api/apps/7/%61pi-keys/
  curl -s \"$API/keys\" | last4 mask --field token

Exit status:
  0   success
  1   the command ran and failed: input that is not JSON, an unhealthy proxy, a leak
  64  unusable input: flags, configuration, file, address

Environment variables can set every key of the configuration except [[route]] and [[page]]:
LAST4_UPSTREAM__URL sets `url` in [upstream]. LAST4_CONFIG names the configuration file if no flag
does.";

#[derive(Debug, Subcommand)]
pub(super) enum CliCommand {
    Serve(ServeArgs),
    Check(CheckArgs),
    Explain(ExplainArgs),
    Mask(MaskArgs),
    Healthcheck(HealthcheckArgs),
    Demo(DemoArgs),
}

/// Run the proxy.
///
/// Settings come from a TOML file, environment variables and flags. Variables override the file,
/// and flags override both. Without any masked route the proxy does not start: it would protect
/// nothing.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  last4 serve --upstream http://127.0.0.1:5001 --preset dify
  last4 serve --config /etc/last4.toml --listen 0.0.0.0:8080 --log-format json")]
pub(super) struct ServeArgs {
    #[command(flatten)]
    pub(super) config: ConfigFile,
    #[command(flatten)]
    pub(super) upstream: UpstreamArgs,
    /// Address to listen on, such as 0.0.0.0:8080 or unix:/run/last4/last4.sock
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<String>,
    /// Listen on the port of another last4 process, so that this one can take over from it
    #[arg(long)]
    pub(super) take_over: bool,
    #[command(flatten)]
    pub(super) presets: Presets,
    /// Form of the log lines
    #[arg(long, value_name = "FORMAT", value_parser = log_formats())]
    pub(super) log_format: Option<String>,
}

/// Check a configuration, and show the masked routes.
///
/// Shows all problems at once. Each has its file, line and key, and what to write instead. Starts
/// nothing and resolves no host names, so it also runs on a developer's machine. It reads the
/// certificate and key files that the configuration names.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  last4 check last4.toml
  last4 check --preset dify --upstream http://127.0.0.1:5001")]
pub(super) struct CheckArgs {
    /// Configuration file. Without it, the file that LAST4_CONFIG names, if any
    pub(super) file: Option<PathBuf>,
    /// Same as the argument FILE, for consistency with the other commands
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub(super) config: Option<PathBuf>,
    #[command(flatten)]
    pub(super) upstream: UpstreamArgs,
    #[command(flatten)]
    pub(super) presets: Presets,
}

/// Show what the proxy would do with a request, and why.
///
/// Shows every path that some server may read in the target, the routes that each path is on, and
/// whether the answer would be masked or may reveal a secret. Uses the proxy's own code, so it
/// explains exactly why an answer is masked or not.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  last4 explain GET /console/api/apps/7/api-keys
  last4 explain POST '/console/api/apps/7/x/..;/api-keys?page=1' --config last4.toml
  last4 explain PUT /api/keys/7 --body saved.json --config last4.toml")]
pub(super) struct ExplainArgs {
    /// The request's method, as it is sent. Case-sensitive
    pub(super) method: Method,
    /// The request's target, as it is sent: a path with its query, or a whole URL
    pub(super) target: String,
    /// A file with the request's body: JSON, or else a form
    #[arg(long, value_name = "FILE")]
    pub(super) body: Option<PathBuf>,
    #[command(flatten)]
    pub(super) config: ConfigFile,
    #[command(flatten)]
    pub(super) presets: Presets,
}

/// Mask the secrets in JSON, as a filter for files and pipes.
///
/// Reads FILE or standard input, and writes it to standard output with masked values. All other
/// bytes stay the same. Memory use does not grow with the input. If the input is not valid JSON,
/// the output ends before the first invalid byte.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  curl -s \"$API/keys\" | last4 mask
  last4 mask --field password --field '$.data[*].secret' dump.json > masked.json
  kubectl logs api | last4 mask --ndjson --field token --first 0")]
pub(super) struct MaskArgs {
    /// What to mask: a name (at any depth), or a path such as '$.data[*].token'. Can be repeated
    #[arg(long = "field", value_name = "NAME", default_value = "token")]
    pub(super) fields: Vec<String>,
    /// Ignore the case of letters in names
    #[arg(long)]
    pub(super) ignore_case: bool,
    /// Accept several JSON values in the input, such as one per line
    #[arg(long)]
    pub(super) ndjson: bool,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    /// Largest depth of nested objects and arrays
    #[arg(long, value_name = "N", default_value_t = crate::mask::DEFAULT_MAX_DEPTH)]
    pub(super) max_depth: usize,
    /// Vector instructions to use, for benchmarks. The output is always the same
    #[arg(long, value_name = "NAME", hide = true, value_parser = instructions)]
    pub(super) instructions: Option<Instructions>,
    /// JSON file to read. Without it, standard input
    pub(super) file: Option<PathBuf>,
}

fn instructions(name: &str) -> Result<Instructions, String> {
    let named = Instructions::available().find(|instructions| instructions.name() == name);
    named.ok_or_else(|| {
        let names: Vec<_> = Instructions::available().map(Instructions::name).collect();
        format!("this processor has: {}", names.join(", "))
    })
}

/// How masked values look.
#[derive(Args, Debug)]
pub(super) struct PolicyArgs {
    /// Number of characters shown at the start of a secret
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(super) first: usize,
    /// Number of characters shown at the end of a secret
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(super) last: usize,
    /// Smallest number of hidden characters. If a secret is too short, no character is shown
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(super) min_hidden: usize,
    /// Text in place of the hidden characters
    #[arg(long, value_name = "TEXT", default_value = "...")]
    pub(super) ellipsis: String,
    /// Text in place of a number, and of a secret that is too short to show in part
    #[arg(long, value_name = "TEXT", default_value = "***")]
    pub(super) short: String,
}

/// Check that a running proxy is alive, for health checks in containers without curl.
///
/// Requests `/livez` from the admin listener. Reads the listener's address from the same file and
/// environment variables as the proxy, and ignores the rest of the configuration.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  last4 healthcheck
  last4 healthcheck --url http://127.0.0.1:9464/readyz")]
pub(super) struct HealthcheckArgs {
    #[command(flatten)]
    pub(super) config: ConfigFile,
    /// URL to request instead. Without a path, the path is /livez
    #[arg(long)]
    pub(super) url: Option<String>,
}

/// Start a legacy API that leaks its keys, and the proxy in front of it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  last4 demo
  last4 demo --once")]
pub(super) struct DemoArgs {
    /// Send the requests, show the answers, and exit. The exit status is 1 if a secret leaked
    #[arg(long)]
    pub(super) once: bool,
    /// Address that the proxy listens on. Port 0 selects a free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(super) listen: std::net::SocketAddr,
    /// Start only the legacy API, on the address of --listen, to put your own proxy in front of it
    #[arg(long, conflicts_with = "once")]
    pub(super) api_only: bool,
}

#[derive(Args, Debug)]
pub(super) struct ConfigFile {
    /// Configuration file. Without it, the file that LAST4_CONFIG names, if any
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct UpstreamArgs {
    /// URL of the API behind the proxy, such as http://127.0.0.1:5001
    #[arg(long, value_name = "URL")]
    pub(super) upstream: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Presets {
    /// Add the built-in routes for a known API, such as `dify`. Can be repeated
    #[arg(long = "preset", value_name = "NAME")]
    pub(super) presets: Vec<String>,
}

fn log_formats() -> [PossibleValue; 2] {
    [
        PossibleValue::new("text").help("Each line is text for people"),
        PossibleValue::new("json").help("Each line is a JSON object"),
    ]
}

/// Returns the environment variables and the configuration file as sources. The file is `file`, or
/// else the one that `LAST4_CONFIG` names. If neither is set, there is no file.
pub(super) fn sources(file: Option<PathBuf>) -> Sources {
    let variable = || std::env::var_os("LAST4_CONFIG").filter(|name| !name.is_empty()).map(PathBuf::from);
    let sources = Sources::default().with_environment(std::env::vars_os());
    match file.or_else(variable) {
        Some(path) => sources.with_file(path),
        None => sources,
    }
}

impl UpstreamArgs {
    pub(super) fn apply(self, sources: Sources) -> Sources {
        with_flag(sources, "--upstream", "upstream.url", self.upstream)
    }
}

impl Presets {
    pub(super) fn apply(self, sources: Sources) -> Sources {
        self.presets.into_iter().fold(sources, Sources::with_preset)
    }
}

/// Adds a flag to the sources. Changes nothing if `value` is `None`, which means that the flag was
/// not given.
pub(super) fn with_flag(sources: Sources, flag: &'static str, key: &'static str, value: Option<String>) -> Sources {
    match value {
        Some(value) => sources.with_flag(flag, key, value),
        None => sources,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::PolicyParts;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_filters_defaults_are_the_engines() {
        let CliCommand::Mask(mask) = Cli::parse_from(["last4", "mask"]).command else { panic!("not `mask`") };
        let PolicyArgs { first, last, min_hidden, ellipsis, short } = mask.policy;
        assert_eq!(PolicyParts { first, last, min_hidden, ellipsis, short }, PolicyParts::default());
    }
}
