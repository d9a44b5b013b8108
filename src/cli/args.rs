//! The flags of each command, and the sources of a configuration that they name.

use crate::config::Sources;
use crate::mask::Instructions;
use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand};
use http::Method;
use std::path::PathBuf;

/// A proxy that makes a legacy API reveal each secret once: its lists show prefix + last 4.
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
  0   it went well
  1   it ran and failed: a text that is not JSON, an unhealthy proxy, a leak
  64  it was given something it cannot use: flags, configuration, file, address

Every key of the configuration can be an environment variable: LAST4_UPSTREAM__URL is `url` in
[upstream]. LAST4_CONFIG names the file where no flag does.";

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
/// Settings come from a TOML file, from environment variables over it, and from flags over those.
/// Without any masked route the proxy does not start: it would protect nothing.
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
    /// Where to listen, such as 0.0.0.0:8080
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<String>,
    /// Share the port with the last4 that listens there, to take over from it
    #[arg(long)]
    pub(super) take_over: bool,
    #[command(flatten)]
    pub(super) presets: Presets,
    /// How to write the log
    #[arg(long, value_name = "FORMAT", value_parser = log_formats())]
    pub(super) log_format: Option<String>,
}

/// Check a configuration, and show the routes it masks.
///
/// Names every problem at once, with its file, line and key and what to write instead. Nothing is
/// started and no address is resolved, so this can run where the file is written; files of
/// certificates and keys that it names are read.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  last4 check last4.toml
  last4 check --preset dify --upstream http://127.0.0.1:5001")]
pub(super) struct CheckArgs {
    /// The configuration file; LAST4_CONFIG if left out
    pub(super) file: Option<PathBuf>,
    /// The same, as the other commands take it
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub(super) config: Option<PathBuf>,
    #[command(flatten)]
    pub(super) upstream: UpstreamArgs,
    #[command(flatten)]
    pub(super) presets: Presets,
}

/// Say what would happen to a request, and why.
///
/// Shows every way in which a server could read the path, which of them is on which route, and
/// whether the answer would be masked or may reveal a secret. This is the proxy's own code, so it
/// is the answer to "why is this masked?" and "why is it not?".
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  last4 explain GET /console/api/apps/7/api-keys
  last4 explain POST '/console/api/apps/7/x/..;/api-keys?page=1' --config last4.toml")]
pub(super) struct ExplainArgs {
    /// The request's method, as it is sent: letter case counts
    pub(super) method: Method,
    /// The request's target, as it is sent: a path and query, or a whole URL
    pub(super) target: String,
    #[command(flatten)]
    pub(super) config: ConfigFile,
    #[command(flatten)]
    pub(super) presets: Presets,
}

/// Mask a JSON text: a filter for files and pipes.
///
/// Reads FILE or standard input and writes the same bytes to standard output, but for the masked
/// values. Memory does not grow with the text. A text that is not JSON ends the output where the
/// fault is; what follows it is withheld.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  curl -s \"$API/keys\" | last4 mask
  last4 mask --field password --field '$.data[*].secret' dump.json > masked.json
  kubectl logs api | last4 mask --ndjson --field token --first 0")]
pub(super) struct MaskArgs {
    /// What to mask: a name, at any depth, or a path such as '$.data[*].token'. May be repeated
    #[arg(long = "field", value_name = "NAME", default_value = "token")]
    pub(super) fields: Vec<String>,
    /// Compare names without regard to letter case
    #[arg(long)]
    pub(super) ignore_case: bool,
    /// Take many values, one a line or one after another
    #[arg(long)]
    pub(super) ndjson: bool,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    /// Objects and arrays that may be open at once
    #[arg(long, value_name = "N", default_value_t = crate::mask::DEFAULT_MAX_DEPTH)]
    pub(super) max_depth: usize,
    /// The processor's instructions to use, for measuring. The output is the same
    #[arg(long, value_name = "NAME", hide = true, value_parser = instructions)]
    pub(super) instructions: Option<Instructions>,
    /// The text; standard input if left out
    pub(super) file: Option<PathBuf>,
}

fn instructions(name: &str) -> Result<Instructions, String> {
    let named = Instructions::available().find(|instructions| instructions.name() == name);
    named.ok_or_else(|| {
        let names: Vec<_> = Instructions::available().map(Instructions::name).collect();
        format!("this processor has: {}", names.join(", "))
    })
}

/// How a secret is shown.
#[derive(Args, Debug)]
pub(super) struct PolicyArgs {
    /// Characters shown at the front
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(super) first: usize,
    /// Characters shown at the end
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(super) last: usize,
    /// Characters that stay hidden at least; a shorter secret is not shown in part
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(super) min_hidden: usize,
    /// What stands for the hidden characters
    #[arg(long, value_name = "TEXT", default_value = "...")]
    pub(super) ellipsis: String,
    /// What stands for a secret too short to show a part of, and for a number
    #[arg(long, value_name = "TEXT", default_value = "***")]
    pub(super) short: String,
}

/// Ask a running proxy whether it lives.
///
/// Asks `/livez` on the admin listener, whose address comes from the same file and environment as
/// the proxy's; the rest of the configuration is not looked at. For a container's health check,
/// which has no curl.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  last4 healthcheck
  last4 healthcheck --url http://127.0.0.1:9464/readyz")]
pub(super) struct HealthcheckArgs {
    #[command(flatten)]
    pub(super) config: ConfigFile,
    /// Ask here instead; without a path, /livez
    #[arg(long)]
    pub(super) url: Option<String>,
}

/// See it work: a legacy API that leaks, and the proxy in front of it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  last4 demo
  last4 demo --once")]
pub(super) struct DemoArgs {
    /// Make the requests, show what came back, and end; the exit status is 1 if a secret leaked
    #[arg(long)]
    pub(super) once: bool,
    /// Where the proxy listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(super) listen: std::net::SocketAddr,
    /// Serve only the legacy API, at the address of --listen: something to put a proxy of your own
    /// in front of
    #[arg(long, conflicts_with = "once")]
    pub(super) api_only: bool,
}

#[derive(Args, Debug)]
pub(super) struct ConfigFile {
    /// The configuration file; LAST4_CONFIG if left out
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct UpstreamArgs {
    /// The API behind the proxy, such as http://127.0.0.1:5001
    #[arg(long, value_name = "URL")]
    pub(super) upstream: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Presets {
    /// Add the built-in routes of a known API: `dify`. May be repeated
    #[arg(long = "preset", value_name = "NAME")]
    pub(super) presets: Vec<String>,
}

fn log_formats() -> [PossibleValue; 2] {
    [PossibleValue::new("text").help("One line for people"), PossibleValue::new("json").help("One JSON object a line")]
}

/// Returns the sources of a configuration: the environment, and a file if `file` or `LAST4_CONFIG`
/// names one.
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

/// Adds the value of a flag, if there is one.
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
